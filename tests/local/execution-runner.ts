/**
 * Runs one execution after the other, of a machine whose state does nothing, until it is killed.
 *
 * Arguments: folder, a prefix of the executions' names.
 */
import { Executions } from '../../local/step-functions/executions.ts';

const [folder, prefix] = process.argv.slice(2) as [string, string];
const executions = new Executions(folder, {
  name: 'machine',
  arn: 'arn:aws:states:us-west-2:000000000000:stateMachine:machine',
  roleArn: 'arn:aws:iam::000000000000:role/machine',
  definition: JSON.stringify({ StartAt: 'Pass', States: { Pass: { Type: 'Pass', End: true } } }),
  runTask: async () => null,
  waitFactor: 1,
});
for (let n = 0; ; n += 1) {
  await executions.start(`${prefix}-${n}`, '{}').whenEnded;
  if (n === 2) console.log('running');
}
