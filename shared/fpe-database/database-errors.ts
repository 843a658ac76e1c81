import type pg from 'pg';
import { DatabaseFailed, DatabaseRefused, DatabaseUnavailable, DatabaseUntrusted } from '../errors.ts';
import { shorten } from '../formats/shortened-text.ts';
import { databaseEvent, databaseFault, isFromServer } from './database-faults.ts';

/** Milliseconds, each shorter than the next: the server ends what takes too long before the caller gives up on the server. */
export type DatabaseLimits = {
  /** To connect and log in. */
  connectMs: number;
  /** To wait for a lock that another session holds. */
  lockMs: number;
  /** The server's limit for a statement. */
  statementMs: number;
  /** The caller's limit for the answer to a statement. */
  answerMs: number;
};

/** The server; messages must not repeat the password. */
export type DatabasePeer = {
  host: string;
  password: string;
  limits: DatabaseLimits;
  /** Whether a person runs this, as opposed to a function. */
  isByHand: boolean;
};

/** The message of node-postgres when `query_timeout` is over. */
export const NO_ANSWER = 'Query read timeout';

/** The pipeline's error for one that occurred while connecting or logging in. */
export function connectionFailure(error: unknown, peer: DatabasePeer): unknown {
  switch (databaseFault(error)) {
    case 'untrusted':
      return untrusted(error, peer);
    case 'passing':
      return unavailable(error, `${peer.host}, connecting`, peer);
    case null:
      return error;
    default:
      return refused(error, peer);
  }
}

/** The pipeline's error for one that a query rejected with; an error that is not the database's is returned unchanged. */
export function queryFailure(error: unknown, sql: string, peer: DatabasePeer): unknown {
  const statement = sql.replaceAll(/\s+/g, ' ').trim();
  const where = `${peer.host}, ${shorten(statement, 80)}`;
  const fault = databaseFault(error);
  if (fault === null) return error;
  return fault === 'passing' ? unavailable(error, where, peer) : failed(error, where, peer);
}

/** The server's error behind one that a query rejected with; null if the server reported nothing permanent. */
export function serverError(error: unknown): pg.DatabaseError | null {
  const cause = error instanceof DatabaseFailed ? error.cause : error;
  return isFromServer(cause) ? cause : null;
}

/** Says how long it waited where node-postgres does not. */
function foundInstead(cause: unknown, peer: DatabasePeer): string {
  const { message } = cause as Error;
  const { connectMs, answerMs } = peer.limits;
  if (message === 'timeout expired') return `no answer within ${connectMs / 1000} s`;
  return message === NO_ANSWER ? `no answer within ${answerMs / 1000} s` : said(cause, peer);
}

function said(cause: unknown, { password }: DatabasePeer): string {
  const { code, message } = cause as { code?: string; message: string };
  if (!isFromServer(cause)) return message || String(code);
  return `${code}: ${password ? message.replaceAll(password, '(the password)') : message}`;
}

/** A log prints causes with all their members, and the server may repeat the password. */
const causeOf = (cause: unknown): ErrorOptions => (isFromServer(cause) ? {} : { cause });

const refused = (cause: unknown, peer: DatabasePeer): DatabaseRefused =>
  new DatabaseRefused(
    {
      what: 'The database does not let this user in',
      where: peer.host,
      found: said(cause, peer),
      expected: 'a user, password and database that it knows',
      fix: 'correct the secret of the database (dbSecret in config/{stage}.yml; its dbname, else postgres), or DB_USER, DB_PASSWORD and DB_NAME',
    },
    causeOf(cause),
  );

const untrusted = (cause: unknown, peer: DatabasePeer): DatabaseUntrusted =>
  new DatabaseUntrusted(
    {
      what: 'The database does not prove who it is',
      where: peer.host,
      found: said(cause, peer),
      expected: 'TLS with a certificate for that host name by an authority of Amazon RDS',
      fix: 'connect by the host name that RDS gave the database, not by an address or another name; for a database outside RDS set DB_CA_FILE to its authority',
    },
    causeOf(cause),
  );

const unavailable = (cause: unknown, where: string, peer: DatabasePeer): DatabaseUnavailable =>
  new DatabaseUnavailable(
    {
      what: databaseEvent(cause),
      where,
      found: foundInstead(cause, peer),
      expected: `an answer of the FPE database, to a log-in within ${peer.limits.connectMs / 1000} s, to a query within ${peer.limits.statementMs / 1000} s`,
      fix: peer.isByHand
        ? 'check that the database runs and that host and port are right (DB_HOST and DB_PORT, the secret of DB_SECRET_ID, or --database), then try again'
        : 'check that the database runs and that this function’s security group may reach it, then redrive the execution',
    },
    causeOf(cause),
  );

const failed = (cause: unknown, where: string, peer: DatabasePeer): DatabaseFailed =>
  new DatabaseFailed(
    {
      what: 'The database refuses a query',
      where,
      found: said(cause, peer),
      expected: 'tables, rows and rights as the FPE schema has them',
      fix: fixOfRefusal(cause, peer),
    },
    { cause },
  );

/** SQLSTATEs of what a person can give the database: rights; schemas, tables, columns, functions and types. */
const NO_RIGHT = /^42501/;
const NO_TABLE = /^(3F000|42P01|42703|42704|42883)/;

/** A redrive helps only where the database lacks something; anything else would be refused again. */
function fixOfRefusal(cause: unknown, { isByHand }: DatabasePeer): string {
  const { code = '' } = cause as { code?: string };
  const again = isByHand ? 'then run the command again' : 'then redrive the execution';
  if (NO_RIGHT.test(code)) return `grant the user of the database the right that is named, ${again}`;
  if (NO_TABLE.test(code))
    return `see whether this is FPE’s database and what it lacks (./fpe schema --dry-run), complete FPE’s migrations, ${again}`;
  return `undo it if a constraint or a trigger is named that is not FPE’s; otherwise it is a mistake of this program: report it with this message; ${isByHand ? again : 'then start a new execution'}`;
}
