import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeError } from '../../cli/describe-error.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { StageInvalid } from '../../config/stage.ts';
import { AccessDenied, StationNotFound } from '../../shared/errors.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PARTS = { what: 'It went wrong', where: 'here', found: 'a', expected: 'b', fix: 'c' };

const denied = (name: string, message: string) =>
  new AccessDenied(PARTS, { cause: Object.assign(new Error(message), { name }) });
const systemError = (code: string, path?: string, syscall = 'open') =>
  Object.assign(new Error(`${code}: broken`), { code, syscall, ...(path && { path }) });

describe('an error is told', () => {
  test.each([
    ['a mistake of the user', new UsageError('There is no file a.'), /^There is no file a\.$/],
    [
      'a mistake in the file of a stage',
      new StageInvalid('config/a.yml has a fault'),
      /^config\/a\.yml has a fault$/,
    ],
    ['an error of the pipeline', new StationNotFound(PARTS), /^StationNotFound: It went wrong/],
    ['a permission that is missing', denied('AccessDeniedException', 'no'), /^AccessDenied: It went wrong/],
    [
      'missing credentials',
      denied('CredentialsProviderError', 'none'),
      /^There are no AWS credentials\. .*Found: none$/,
    ],
    [
      'a token that has run out',
      denied('ExpiredTokenException', 'too old'),
      /^Your AWS credentials have expired\. .*Found: too old$/,
    ],
    [
      'a session that has run out',
      denied('TokenProviderError', 'The SSO session has expired'),
      /^Your AWS credentials have expired\./,
    ],
    [
      'a folder that may not be written',
      systemError('EACCES', '/x'),
      /^Cannot use \/x \(open, EACCES\): this user may not/,
    ],
    [
      'a disk that is full',
      systemError('ENOSPC', '/x'),
      /^Cannot use \/x \(open, ENOSPC\): the disk is full/,
    ],
    [
      'a file to be read',
      systemError('ENOENT', '/x', 'stat'),
      /^Cannot use \/x \(stat, ENOENT\): it is not there\.$/,
    ],
    [
      'a file to be read or made',
      systemError('ENOENT', '/x'),
      /^Cannot use \/x \(open, ENOENT\): it is not there, and cannot be made where its folder is missing/,
    ],
    ['what nobody calls an error', 'text', /^text$/],
  ])('in a line for %s', (_, error, line) => {
    const told = describeError(error);

    expect(told).toMatch(line);
    expect(told).not.toMatch(/^\s+at /m);
  });

  test('with its stack where the mistake is ours', () => {
    expect(describeError(new TypeError('x is undefined'))).toMatch(/^TypeError: x is undefined\n\s+at /);
    expect(describeError(systemError('EMFILE'))).toMatch(/\n\s+at /);
  });
});

describe('fpe ends in a line, without a stack trace, where', () => {
  let folder: string;
  let refusing: Server;
  let endpoint: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fpe-errors-'));
    writeFileSync(join(folder, 'file'), '');
    refusing = createServer((_, response) => {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(
        JSON.stringify({ __type: 'ExpiredTokenException', message: 'The security token has expired' }),
      );
    });
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    refusing.closeAllConnections();
    refusing.close();
    rmSync(folder, { recursive: true });
  });

  /** Runs fpe in a shell with only these settings of AWS. @returns exit code and standard error */
  async function run(command: string, settings: Record<string, string> = {}) {
    const others = Object.entries(process.env).filter(([name]) => !/^(AWS|DB|FPE)_/.test(name));
    const keys = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-west-2' };
    const env = {
      ...Object.fromEntries(others),
      AWS_CONFIG_FILE: join(folder, 'none'),
      ...keys,
      ...settings,
    };
    return promisify(execFile)('sh', ['-c', command.replaceAll('FOLDER', folder)], { cwd: ROOT, env }).then(
      ({ stderr }) => ({ code: 0, stderr }),
      ({ code, stderr }) => ({ code, stderr }),
    );
  }

  test.each<[string, string, (() => Record<string, string>) | null, RegExp]>([
    [
      'the input is a folder',
      './fpe start FOLDER',
      null,
      /^This is a folder, not a file: .*\. Give a station id/,
    ],
    [
      'the input is nowhere',
      './fpe start FOLDER/none.json',
      null,
      /^There is no file .*none\.json\. Give a station id/,
    ],
    [
      'the file of stations is a folder',
      './fpe refresh --stations FOLDER',
      null,
      /^This is a folder.*--stations/,
    ],
    [
      'the folder of the stack is below a file',
      './fpe local --folder FOLDER/file/data',
      null,
      /^Cannot use .*file\/data\S* \(open, ENOTDIR\): a part of its path is a file/,
    ],
    [
      'the folder of the stack is a file',
      './fpe local --folder FOLDER/file',
      null,
      /^Cannot use .*file\S* \(open, ENOTDIR\): a part of its path is a file/,
    ],
    [
      'an endpoint has no scheme',
      './fpe list',
      () => ({ AWS_ENDPOINT_URL: 'localhost:4566' }),
      /^The endpoint localhost:4566 \(AWS_ENDPOINT_URL\) is no address/,
    ],
    [
      'the endpoint of another service has none',
      './fpe list',
      () => ({ AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_S3: 'localhost' }),
      /^The endpoint localhost \(AWS_ENDPOINT_URL_S3\) is no address/,
    ],
    [
      'the token has expired',
      './fpe list',
      () => ({ AWS_ENDPOINT_URL: endpoint }),
      /^Your AWS credentials have expired/,
    ],
    [
      'nobody answers',
      './fpe list',
      () => ({ AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }),
      /^ServiceUnreachable: /,
    ],
    [
      'the database does not answer',
      './fpe schema --dry-run',
      () => ({
        DB_HOST: '127.0.0.1',
        DB_PORT: '9',
        DB_USER: 'a',
        DB_PASSWORD: 'b',
        DB_NAME: 'c',
      }),
      /^DatabaseUnavailable: /,
    ],
    [
      'no bucket is named',
      './fpe import FOLDER',
      () => ({ DB_HOST: '127.0.0.1' }),
      /^ConfigurationMissing: The setting STORAGE_BUCKET is missing.*--stage NAME/,
    ],
  ])('%s', async (_, command, settings, line) => {
    const { code, stderr } = await run(command, settings?.());

    expect(stderr).toMatch(line);
    expect(stderr).not.toMatch(/^\s+at |serverless\.yml/m);
    expect(code).not.toBe(0);
  });

  test('the reader of its output has gone, and nothing is told', async () => {
    const { code, stderr } = await run('(./fpe --help; echo "ended with $?" >&2) | head -1');

    expect(stderr).toBe('ended with 0\n');
    expect(code).toBe(0);
  });
});
