import { describe, expect, test } from '@jest/globals';
import { apiKeyOutcome, databaseSecretFinding } from '../../deployment/secrets.ts';

const WHOLE = { host: 'db.example.org', username: 'fpe', password: 'hunter-2' };
const find = (secret: unknown, dbHost = '') =>
  databaseSecretFinding(JSON.stringify(secret), { dbSecret: 'fpe/db', dbHost });

describe('the secret of the database', () => {
  test('is in order where the functions can use it', () => {
    expect(find(WHOLE)).toEqual({ status: 'ok', found: 'fpe/db' });
    expect(find({ ...WHOLE, port: '5433', dbname: 'fpe' }).status).toBe('ok');
    expect(find({ user: 'fpe', password: 'hunter-2' }, 'db.example.org').status).toBe('ok');
  });

  test.each<[string, object, RegExp]>([
    [
      'a URL as its host',
      { host: 'postgres://fpe:hunter-2@db.example.org/fpe' },
      /host: expected a host name/,
    ],
    ['a host with its port', { host: 'db.example.org:5432' }, /host: expected a host name/],
    ['a number as its password', { password: 42 }, /password: .*expected string/],
    ['no password', { password: undefined }, /password: /],
    ['an empty port', { port: '' }, /port: /],
    ['a port in words', { port: 'five' }, /port: expected a number/],
    ['an empty username beside a user', { username: '', user: 'fpe' }, /username: /],
    ['an empty dbname', { dbname: '' }, /dbname: /],
    ['no user', { username: undefined }, /neither username nor user/],
    ['no host', { host: undefined }, /has no host/],
  ])('with %s is not, and nothing that it holds is told', (_, change, found) => {
    const finding = find({ ...WHOLE, ...change });

    expect(finding).toMatchObject({ status: 'failed', found: expect.stringMatching(found) });
    expect(JSON.stringify(finding)).not.toContain('hunter-2');
  });

  test('is not in order where it is no JSON', () => {
    expect(databaseSecretFinding('hunter-2', { dbSecret: 'fpe/db', dbHost: '' })).toEqual({
      status: 'failed',
      found: expect.stringMatching(/^fpe\/db: text that is not JSON/),
    });
  });
});

test.each([
  ['abcDEF-123', 'ok'],
  ['{"api_key": "abcDEF-123"}', 'ok'],
  ['{"key": "abcDEF-123"}', 'failed'],
  ['two words', 'failed'],
  ['abc', 'failed'],
])('the secret of the USGS water data API with %s: %s', (text, status) => {
  const finding = apiKeyOutcome(text, 'usgs-key');

  expect(finding.status).toBe(status);
  expect(finding.found).not.toContain('abc');
});
