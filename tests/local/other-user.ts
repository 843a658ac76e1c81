/**
 * Tries to use a PostgreSQL as another user of the computer would, without a password: over TCP, over a socket, and by reading
 * the files of the data. Prints one outcome a line.
 *
 * Arguments: port, data folder. Run as root it becomes `nobody` first, for good.
 */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import pg from 'pg';

const NOBODY = 65534;
const [port, data] = process.argv.slice(2) as [string, string];
if (process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}
delete process.env.PGPASSWORD;

for (const host of ['127.0.0.1', 'localhost', '/tmp', '/var/run/postgresql', tmpdir(), data])
  for (const user of ['postgres', 'fpe', 'nobody'])
    for (const password of [undefined, '', 'local'])
      await attempt(`${user} at ${host} with ${JSON.stringify(password)}`, async () => {
        const login = {
          host,
          port: Number(port),
          user,
          database: 'fpe',
          ...(password !== undefined && { password }),
        };
        const client = new pg.Client({ ...login, connectionTimeoutMillis: 5000 });
        await client.connect();
        await client.query("COPY (SELECT 1) TO PROGRAM 'id'");
        await client.end();
      });
if (process.getuid?.() === NOBODY) await attempt('files', async () => void readdirSync(data));

// Refused connections may stay open.
process.exit();

async function attempt(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    console.log(`${what}: done`);
  } catch (error) {
    console.log(`${what}: refused (${(error as Error).message.split('\n')[0]})`);
  }
}
