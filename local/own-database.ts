/**
 * The user's own PostgreSQL instead of the embedded one, such as the database that FPE's website is developed with. It is used
 * unchanged: nothing in it is created or altered except the rows that imports and executions write.
 */

import { ConfigurationMissing } from '../shared/errors.ts';
import { isLoopbackHost } from '../shared/formats/loopback.ts';
import { DATABASE_LIMITS, withConnection } from '../shared/fpe-database/connection.ts';
import { requireSchema } from '../shared/fpe-database/schema.ts';

const OPTION = '--database';
/** Equivalent names, because PostgreSQL listens on all of them. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];
export const isSameHost = (one: string, other: string): boolean =>
  one === other || [one, other].every((host) => LOOPBACK.includes(host));

const EXAMPLE =
  'postgresql://USER:PASSWORD@127.0.0.1:5432/NAME, or without the password, which PGPASSWORD then tells';

/**
 * Checks whether the database can be used.
 *
 * @param url `postgresql://user:password@host:port/name`; the password may be in `defaults.password` instead
 * @returns the settings DB_* for connecting to it
 * @throws ConfigurationMissing for an incomplete address, or one of another computer; SchemaConflict if tables or columns are
 *   missing; DatabaseUnavailable, DatabaseRefused
 */
export async function openOwnDatabase(
  url: string,
  defaults: { password?: string | undefined } = {},
): Promise<Record<string, string>> {
  const { host, port, user, password = defaults.password, database } = parseAddress(url);
  if (!password) throw wrongAddress('no password', url, 'give it in the address, or in PGPASSWORD');
  const connection = { host, port, user, password, database };
  await withConnection(connection, requireSchema, DATABASE_LIMITS.usual);
  return {
    DB_HOST: host,
    DB_PORT: String(port),
    DB_USER: user,
    DB_PASSWORD: password,
    DB_NAME: database,
    DB_TLS: 'off', // it never leaves this computer
  };
}

type Address = { host: string; port: number; user: string; password: string | undefined; database: string };

/** @throws ConfigurationMissing for an incomplete address, or one of another computer */
export function parseAddress(url: string): Address {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol))
    throw wrongAddress('no address of PostgreSQL', url, 'write it as expected');
  const [user, password, database] = [parsed.username, parsed.password, parsed.pathname.slice(1)].map(decode);
  if (!user) throw wrongAddress('no user', url, 'name the user before the @');
  if (!database) throw wrongAddress('no name of a database', url, 'name it after the last /');
  if (parsed.search || parsed.hash)
    throw wrongAddress('options after the name', url, 'leave them out: the connection is made without TLS');
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  if (!isLoopbackHost(host))
    throw wrongAddress(
      `the host ${host}`,
      url,
      'the local stack publishes models with addresses that only this computer has, so its database is one of this computer; for a development database elsewhere, open a tunnel (ssh -L 5432:DATABASE_HOST:5432 HOST) and name 127.0.0.1',
    );
  return { host, port: Number(parsed.port || 5432), user, password: password || undefined, database };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const wrongAddress = (found: string, url: string, fix: string): ConfigurationMissing =>
  new ConfigurationMissing({
    what: 'The database of the local stack cannot be used',
    where: `${OPTION} ${withoutPassword(url)}`,
    found,
    expected: EXAMPLE,
    fix,
  });

/** For messages, which end up in terminals and logs. */
const withoutPassword = (url: string): string => url.replace(/^([\w+.-]+:\/\/[^:@/]*):.*@/, '$1:…@');
