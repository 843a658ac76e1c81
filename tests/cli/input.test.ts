import { describe, expect, test } from '@jest/globals';
import { inputCommand } from '../../cli/input.ts';
import { parseRunInput } from '../../shared/inputs/train-station.ts';
import { LOCAL, TRAIN_ARN } from '../fixtures/local-executions.ts';

/** Runs the command for an execution with this input. @returns what it printed, and what it remarked */
async function run(input: object, executionArn = TRAIN_ARN) {
  const printed: unknown[] = [];
  const remarks: string[] = [];
  const command = inputCommand({
    connect: async () => ({ connection: LOCAL, machineArns: [], modelBucket: null }),
    findExecution: async () => executionArn,
    describeExecution: async () => ({ input: JSON.stringify(input) }) as never,
    printJson: (facts) => printed.push(facts),
    remark: (text) => remarks.push(text),
  });
  await command.parseAsync(['try-1'], { from: 'user' });
  return { printed, remarks };
}

describe('fpe input', () => {
  test('prints the parameters of an execution, as they can be started again', async () => {
    const link = { AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: 'arn:of-a-refresh', $schema: 'a' };

    const { printed, remarks } = await run({ station_id: 29, n_epochs: 5, ...link });

    expect(printed).toEqual([{ station_id: 29, n_epochs: 5 }]);
    expect(parseRunInput(printed[0]).n_epochs).toBe(5);
    expect(remarks).toEqual([]);
  });

  test('names the machine where the input alone would be taken for one of another', async () => {
    const { remarks } = await run({ station_id: 29 }, TRAIN_ARN.replace('train-station', 'score-station'));

    expect(remarks).toEqual([
      'It is of score-station, and would be taken for one of train-station. To start it again, name the machine: ./fpe start again.json --machine score-station',
    ]);
  });

  test('says which codes have to be others', async () => {
    const { remarks } = await run({ station_id: 29, model_code: 'A', dataset_code: 'B' });

    expect(remarks).toEqual([
      'It names A and B, which may be in use by now: give another code, or add "overwrite": true.',
    ]);
  });

  test('says nothing of codes that are overwritten', async () => {
    expect((await run({ station_id: 29, model_code: 'A', overwrite: true })).remarks).toEqual([]);
  });
});
