import { expect, test } from '@jest/globals';
import { checkThat, ok } from '../../deployment/check.ts';
import { AccessDenied, RequestRefused } from '../../shared/errors.ts';

const PARTS = { what: 'what', where: 'where', found: 'found', expected: 'expected', fix: 'fix' };
const SUBJECT = { name: 'Credentials', needs: 'credentials of the account', fix: 'ask for them' };
const caused = (name: string, message: string) => ({ cause: Object.assign(new Error(message), { name }) });
const denied = (name: string, message = 'no') => new AccessDenied(PARTS, caused(name, message));
const outcomeOf = (error: Error) => checkThat(SUBJECT, () => Promise.reject(error));

test.each([
  ['CredentialsProviderError', 'Could not load credentials', 'there are none'],
  ['TokenProviderError', 'Token is expired', 'they have expired'],
  ['ExpiredTokenException', 'The security token is expired', 'they have expired'],
])(
  'credentials that are missing or old have failed, and are to be renewed: %s',
  async (name, message, found) => {
    const check = await outcomeOf(denied(name, message));

    expect(check).toMatchObject({ status: 'failed', found });
    expect(check.fix).toMatch(/^log in \(aws sso login, aws configure\)/);
  },
);

test('credentials that may not ask leave it unknown', async () => {
  expect(await outcomeOf(denied('AccessDeniedException', 'iam:GetPolicy, not you'))).toMatchObject({
    status: 'unknown',
    found:
      'could not be checked, as these credentials may not ask: AccessDeniedException: iam:GetPolicy, not you',
  });
});

test('a refusal is an answer, and the check itself says what to do about it', async () => {
  const refused = new RequestRefused(PARTS, { ...caused('NoSuchEntity', 'none'), code: 'c', status: 404 });

  expect(await outcomeOf(refused)).toEqual({ ...SUBJECT, status: 'failed', found: 'NoSuchEntity: none' });
});

test('what is in order needs no advice', async () => {
  const check = await checkThat(SUBJECT, () => ok('of 123'));

  expect(check).toEqual({ name: SUBJECT.name, needs: SUBJECT.needs, status: 'ok', found: 'of 123' });
});
