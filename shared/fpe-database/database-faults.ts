import pg from 'pg';

/**
 * Kinds of errors of the connection or the server: `passing`, worth another try; `refused`, the server does not know the user or
 * the database; `untrusted`, the server does not prove its identity; `failed`, the same however often it is tried. Null for
 * anything that is not an error of the database.
 */
export type DatabaseFault = 'passing' | 'refused' | 'untrusted' | 'failed' | null;

/**
 * SQLSTATEs (PostgreSQL, "Error Codes") that pass: classes 08 connection, 40 rollbacks except for a constraint (40002), 53
 * resources, 57 interventions and 58 system except for permanent ones, time limits and locks; 25006, because the former writer of
 * a cluster that has failed over is a reader for a while; 72000, a snapshot that was held too long.
 */
const PASSING_STATES = /^(08|40(?!002)|53|57(?!P04)|58(?!P)|55P03|55006|25P03|25P04|25006|72000)/;
/** Authorization, and unknown database names. */
const REFUSED_STATES = /^(28|3D)/;

/** Node.js and the system: the route to the server, its name, or this process's own resources. */
const PASSING_CODES =
  /^(ECONN(REFUSED|RESET|ABORTED)|ETIMEDOUT|EPIPE|ENOTCONN|ESHUTDOWN|E(HOST|NET)(UNREACH|DOWN)|ENETRESET|ENONET|EADDRNOTAVAIL|EADDRINUSE|ENOTFOUND|EAI_(AGAIN|CANCELED|FAIL|MEMORY|NODATA|NONAME)|ENOBUFS|ENOMEM|EMFILE|ENFILE|EAGAIN|EINTR)$/;

/** Codes of OpenSSL and Node.js: the certificate is not from a known authority, has expired, or is for another host. */
const UNTRUSTED_CODES = /CERT|SELF_SIGNED|VERIFY|ERR_TLS|ERR_SSL|EPROTO/;

/** Messages of node-postgres itself, without a code. */
const PASSING_WORDS =
  /^(timeout expired|Query read timeout|Connection terminated|Connection terminated unexpectedly|Client has encountered a connection error and is not queryable|There was an error establishing an SSL connection|Received unexpected \w+ message from backend\.)$/;
const UNTRUSTED_WORDS = /^The server does not support SSL connections$/;
const FAILED_WORDS = /^(SASL:|Client was closed and is not queryable|Unknown authenticationOk message type)/;

export function databaseFault(error: unknown): DatabaseFault {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (isFromServer(error)) {
    if (PASSING_STATES.test(code)) return 'passing';
    return REFUSED_STATES.test(code) ? 'refused' : 'failed';
  }
  if (UNTRUSTED_CODES.test(code) || UNTRUSTED_WORDS.test(message)) return 'untrusted';
  if (PASSING_CODES.test(code) || PASSING_WORDS.test(message)) return 'passing';
  return FAILED_WORDS.test(message) ? 'failed' : null;
}

/** Whether the server sent it, because then it may repeat what the server was sent. */
export const isFromServer = (error: unknown): error is pg.DatabaseError => error instanceof pg.DatabaseError;

/** What has happened, in words, by SQLSTATE or by what node-postgres says. */
const EVENTS: [RegExp, string][] = [
  [/^Query read timeout$/, 'The database does not answer a query'],
  [/^timeout expired$/, 'The database does not answer'],
  [/^57014/, 'The database took too long for a query'],
  [/^55P03/, 'Another session holds what is needed locked'],
  [/^(40|55006|72000)/, 'Another transaction was in the way'],
  [/^53300/, 'The database takes no more connections'],
  [/^(53|58)/, 'The database is short of what it needs'],
  [/^57P03/, 'The database is starting or stopping'],
  [/^25006/, 'The database takes no changes at the moment'],
  [
    /^(57|25P0|08)|^Connection terminated|ECONNRESET|EPIPE|not queryable/,
    'The connection to the database was lost',
  ],
];

export function databaseEvent(error: unknown): string {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const said = EVENTS.find(([pattern]) => pattern.test(code) || pattern.test(message));
  return said?.[1] ?? 'The database cannot be reached';
}
