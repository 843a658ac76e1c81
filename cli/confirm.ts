import { createInterface } from 'node:readline/promises';
import { Option } from 'commander';
import { type Connection, costsMoney } from './connection.ts';
import { UsageError } from './usage-error.ts';

/** For commands that start what costs money. */
export const yesOption = (): Option => new Option('--yes', 'on AWS: do not ask before what costs money');

/** What a command is about to do in an AWS account, e.g. “This deploys fpe-prod-rank” and “about 1 USD a month”. */
export type Expense = { what: string; cost: string };

/** Asks and answers of a person at a terminal. */
const EFFECTS = {
  async callerIdentity(): Promise<{ account: string; arn: string }> {
    const { callerIdentity } = await import('../shared/aws/account.ts');
    return callerIdentity();
  },
  isTerminal: (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true,
  async ask(question: string): Promise<string> {
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    return terminal.question(question).finally(() => terminal.close());
  },
};

/**
 * Asks before something that costs money, with account, region and estimate; on the local stack nothing does.
 *
 * @param yes --yes: not asked
 * @throws UsageError if the answer is no, or nobody can be asked
 */
export async function confirmExpense(
  connection: Connection,
  yes: boolean | undefined,
  expense: () => Promise<Expense>,
  { callerIdentity, isTerminal, ask } = EFFECTS,
): Promise<void> {
  if (yes || !costsMoney(connection)) return;
  const { what, cost } = await expense();
  const { account, arn } = await callerIdentity();
  const text = `${what} in AWS account ${account} (${connection.description}) as ${arn}.\nEstimated cost: ${cost}.`;
  if (!isTerminal()) throw new UsageError(`${text}\nNothing was done. To do it, add --yes.`);
  const answer = await ask(`${text}\nGo on? [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('Nothing was done.');
}
