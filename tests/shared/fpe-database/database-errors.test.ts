import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { DatabaseFailed } from '../../../shared/errors.ts';
import { queryFailure } from '../../../shared/fpe-database/database-errors.ts';

describe('the way out of a refusal', () => {
  const peer = { host: 'db', password: '', isByHand: false, limits: {} as never };
  const refusal = (code: string) =>
    Object.assign(new pg.DatabaseError('refused', 7, 'error'), { code }) as Error;
  const messageOf = (code: string, isByHand = false) =>
    (queryFailure(refusal(code), 'SELECT 1', { ...peer, isByHand }) as Error).message;

  test.each([
    ['a right', '42501', /grant the user of the database the right that is named, then redrive/],
    ['a table', '42P01', /complete FPE’s migrations, then redrive/],
    ['a column', '42703', /complete FPE’s migrations, then redrive/],
  ])('where %s is missing is a redrive, once it is there', (_, code, fix) => {
    expect(queryFailure(refusal(code), 'SELECT 1', peer)).toBeInstanceOf(DatabaseFailed);
    expect(messageOf(code)).toMatch(fix);
    expect(messageOf(code)).not.toContain('mistake of this program');
  });

  test.each([
    ['a constraint', '23505'],
    ['a value', '22003'],
    ['a statement', '42601'],
  ])('where %s is refused is never a redrive, which would be refused again', (_, code) => {
    expect(queryFailure(refusal(code), 'SELECT 1', peer)).toBeInstanceOf(DatabaseFailed);
    expect(messageOf(code)).toContain('a mistake of this program: report it');
    expect(messageOf(code)).toMatch(/; then start a new execution\.$/);
    expect(messageOf(code)).not.toContain('redrive');
  });

  test('of a command is the command again', () => {
    for (const code of ['42501', '42P01', '23505'])
      expect(messageOf(code, true)).toMatch(/then run the command again\.$/);
  });
});
