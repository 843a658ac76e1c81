import { describe, expect, test } from '@jest/globals';
import { confirmExpense } from '../../cli/confirm.ts';
import type { Connection } from '../../cli/connection.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { LOCAL } from '../fixtures/local-executions.ts';

const AWS: Connection = { kind: 'aws', description: 'AWS, us-west-2' };

/** Confirms where a person answers so; null: there is nobody. @returns the questions, and why it was refused */
async function confirm(answer: string | null, { connection = AWS, yes = false } = {}) {
  const questions: string[] = [];
  const refusal = await confirmExpense(
    connection,
    yes,
    async () => ({ what: 'This deploys it', cost: 'about 1 USD' }),
    {
      callerIdentity: async () => ({ account: '123456789012', arn: 'arn:aws:iam::123456789012:user/kim' }),
      isTerminal: () => answer !== null,
      ask: async (question) => {
        questions.push(question);
        return answer ?? '';
      },
    },
  ).then(
    () => null,
    (error) => error,
  );
  return { questions, refusal };
}

const TEXT =
  'This deploys it in AWS account 123456789012 (AWS, us-west-2) as arn:aws:iam::123456789012:user/kim.\nEstimated cost: about 1 USD.';

describe('what costs money in AWS', () => {
  test.each(['y', 'Yes', ' YES '])('is done after the answer "%s"', async (answer) => {
    expect(await confirm(answer)).toEqual({ questions: [`${TEXT}\nGo on? [y/N] `], refusal: null });
  });

  test.each(['', 'n', 'no', 'yess', 'maybe'])('is not done after the answer "%s"', async (answer) => {
    const { refusal } = await confirm(answer);

    expect(refusal).toBeInstanceOf(UsageError);
    expect(refusal.message).toBe('Nothing was done.');
  });

  test('needs --yes where nobody can be asked', async () => {
    const { questions, refusal } = await confirm(null);

    expect(questions).toEqual([]);
    expect(refusal).toBeInstanceOf(UsageError);
    expect(refusal.message).toBe(`${TEXT}\nNothing was done. To do it, add --yes.`);
  });

  test('is not asked for with --yes, nor on this computer', async () => {
    expect(await confirm('n', { yes: true })).toEqual({ questions: [], refusal: null });
    expect(await confirm(null, { connection: LOCAL })).toEqual({ questions: [], refusal: null });
  });
});
