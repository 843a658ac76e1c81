import pg from 'pg';

/** A connection to the database that DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME of an environment name. */
export async function connectDatabase(env: Record<string, string | undefined>): Promise<pg.Client> {
  const client = new pg.Client(connectionOf(env));
  await client.connect();
  return client;
}

export const connectionOf = (env: Record<string, string | undefined>): pg.ClientConfig => ({
  host: env.DB_HOST as string,
  port: Number(env.DB_PORT),
  user: env.DB_USER as string,
  password: env.DB_PASSWORD as string,
  ...(env.DB_NAME && { database: env.DB_NAME }),
});

/** Rows of one query, over a connection of its own. */
export async function queryDatabase(
  env: Record<string, string | undefined>,
  sql: string,
): Promise<unknown[]> {
  const client = await connectDatabase(env);
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
