import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import type { Connection } from '../../cli/connection.ts';
import { startCommand, startNamed } from '../../cli/start.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { InvalidInput, RequestRefused } from '../../shared/errors.ts';
import { LOCAL, REFRESH_MACHINE, TRAIN_ARN, TRAIN_MACHINE } from '../fixtures/local-executions.ts';

const former = process.env.FPE_STATE_MACHINE;
beforeEach(() => {
  delete process.env.FPE_STATE_MACHINE;
});
afterEach(() => {
  if (former !== undefined) process.env.FPE_STATE_MACHINE = former;
});

const EXPENSE = {
  what: 'This starts fpe-local-train-station',
  cost: expect.stringMatching(/^about \d\.\d\d USD for a station of 30,565 photos \(docs\/costs\.md\)$/),
};

/** Runs the command below a program with its options. @returns what it did and printed, and why it failed */
async function run(args: string[], connection: Connection = LOCAL, isLacking = false) {
  const did: unknown[][] = [];
  const command = startCommand({
    connect: async (_, kind) => {
      did.push(['connect', kind]);
      return { connection, stateMachineArn: TRAIN_MACHINE.replace('train-station', String(kind)) };
    },
    confirm: async (_, yes, expense) => void did.push(['confirm', yes, await expense()]),
    requireLocalNeeds: async (...needs) => {
      if (isLacking) throw new UsageError(`lacks what ${JSON.stringify(needs)} needs`);
    },
    requireRefreshNeeds: async (...needs) => {
      if (isLacking) throw new UsageError(`lacks what ${JSON.stringify(needs)} needs`);
    },
    requireFreeCode: async (input, again) => {
      if (input.model_code === 'TAKEN') throw new UsageError(`taken: ${again('FREE')}`);
    },
    findExecutionOutcome: async (arn) => (arn.endsWith(':used') ? ({} as never) : null),
    startExecution: async (...given) => {
      did.push(['start', ...given]);
      return TRAIN_ARN;
    },
    follow: async (...given) => void did.push(['follow', ...given]),
    print: (...given) => did.push(['print', ...given]),
  });
  const program = new Command().option('--machine <name>').addCommand(command);
  const failure = await program.parseAsync(['start', ...args], { from: 'user' }).then(
    () => null,
    (error) => error,
  );
  return { did, failure };
}

describe('fpe start', () => {
  test('starts an execution of the machine that the input is for, and follows it', async () => {
    const { did } = await run(['29']);

    expect(did).toEqual([
      ['connect', 'train-station'],
      ['confirm', undefined, EXPENSE],
      ['start', TRAIN_MACHINE, { station_id: 29 }, null],
      ['print', 'Started try-1 in the local stack.'],
      ['follow', LOCAL, TRAIN_ARN],
    ]);
  });

  test('with --detach says how to watch it', async () => {
    const { did } = await run(['{"mode": "auto"}', '--detach', '--name', 'try-1', '--yes']);

    expect(did).toEqual([
      ['connect', 'refresh-stations'],
      [
        'confirm',
        true,
        { what: 'This starts fpe-local-refresh-stations', cost: expect.stringContaining('20 trainings') },
      ],
      ['start', REFRESH_MACHINE, { mode: 'auto' }, 'try-1'],
      ['print', 'Started try-1 in the local stack.'],
      ['print', 'To watch it: ./fpe watch try-1'],
    ]);
  });

  test('on AWS says where the console shows it', async () => {
    const { did } = await run(['29', '--detach'], { kind: 'aws', description: 'AWS, us-west-2' });

    expect(did).toContainEqual([
      'print',
      `https://us-west-2.console.aws.amazon.com/states/home?region=us-west-2#/v2/executions/details/${TRAIN_ARN}`,
    ]);
    expect(did.at(-1)).toEqual(['print', `To watch it: ./fpe watch ${TRAIN_ARN}`]);
  });

  test('checks the input as the machine that is named would, before anything starts', async () => {
    const { did, failure } = await run(['29', '--machine', 'score-station', '--name', 'a']);
    const wrong = await run(['{"station_id": 29, "n_epochs": 0}']);

    expect(failure).toBeNull();
    expect(did).toContainEqual(['start', TRAIN_MACHINE, { station_id: 29 }, 'a']);
    expect(wrong.failure).toBeInstanceOf(InvalidInput);
    expect(wrong.failure.message).toContain('n_epochs');
    expect(wrong.did).toEqual([]);
  });

  test('refuses --pretrained where nothing is trained', async () => {
    const { did, failure } = await run(['{"mode": "auto"}', '--pretrained', 'false']);

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toContain('--pretrained is for trainings');
    expect(did.some(([what]) => what === 'start')).toBe(false);
  });

  test('a name that is taken is told of by the option that gives it', async () => {
    const taken = new RequestRefused(
      { what: 'w', where: 'w', found: 'f', expected: 'e', fix: 'x' },
      { code: 'ExecutionAlreadyExists', status: 400 },
    );
    const other = new RequestRefused(
      { what: 'w', where: 'w', found: 'f', expected: 'e', fix: 'x' },
      { code: 'InvalidName', status: 400 },
    );
    const start = (error: Error) => startNamed(() => Promise.reject(error), TRAIN_MACHINE, {}, 'try-1');

    await expect(start(taken)).rejects.toThrow(UsageError);
    await expect(start(taken)).rejects.toThrow(
      'an execution try-1 already, which had another input or has ended. Give another --name',
    );
    await expect(start(other)).rejects.toBe(other);
  });

  test('says what the local stack lacks before anything starts; elsewhere the machine does', async () => {
    const local = await run(['29', '--pretrained', 'true'], LOCAL, true);
    const aws = await run(['29', '--yes'], { kind: 'aws', description: 'AWS' }, true);

    expect(local.failure).toBeInstanceOf(UsageError);
    expect(local.failure.message).toBe(
      'lacks what ["train-station",{"station_id":29,"pretrained":true},{"without":"./fpe start 29 --pretrained false"}] needs',
    );
    expect(local.did.map(([name]) => name)).toEqual(['connect']);
    expect(aws.failure).toBeNull();
  });

  test('proposes without weights the same start', async () => {
    const { failure } = await run(['29', '--name', 'try-2', '--machine', 'm', '--detach'], LOCAL, true);

    expect(failure.message).toContain('./fpe start 29 --name try-2 --detach --machine m --pretrained false');
  });

  test('proposes for a refresh the command whose options it needs', async () => {
    const { failure } = await run(['{"mode":"auto"}', '--detach'], LOCAL, true);

    const again = `./fpe refresh '{\\"mode\\":\\"auto\\"}' --detach`;
    expect(failure.message).toContain(
      `{"without":"${again} --pretrained false","scoring":"${again} --mode score"}`,
    );
  });

  test('--model-code overrides the input, and is checked like it', async () => {
    const { did } = await run(['{"station_id": 29, "model_code": "A"}', '--model-code', 'B']);
    const wrong = await run(['29', '--model-code', 'a b']);

    expect(did).toContainEqual(['start', TRAIN_MACHINE, { station_id: 29, model_code: 'B' }, null]);
    expect(wrong.failure).toBeInstanceOf(InvalidInput);
    expect(wrong.failure.message).toContain('model_code');
    expect(wrong.did).toEqual([['connect', 'train-station']]);
  });

  test('refuses --model-code of a refresh, which may train many models', async () => {
    const { failure } = await run(['{"mode": "auto"}', '--model-code', 'A']);

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toContain('--model-code is for one model');
  });

  test('says on the local stack that a code is taken, and how to start with a free one', async () => {
    const args = ['29', '--model-code', 'TAKEN', '--detach'];
    const local = await run(args);
    const aws = await run(args, { kind: 'aws', description: 'AWS' });

    expect(local.failure).toBeInstanceOf(UsageError);
    expect(local.failure.message).toBe('taken: ./fpe start 29 --detach --model-code FREE');
    expect(local.did.map(([name]) => name)).toEqual(['connect']);
    expect(aws.failure).toBeNull();
  });

  test.each([
    ['a code that is taken', ['29', '--model-code', 'TAKEN', '--name', 'used'], false, '--model-code FREE'],
    ['weights that are missing', ['29', '--name', 'used'], true, '--pretrained false'],
    ['a refresh', ['{"mode":"auto"}', '--name=used'], true, '--mode score'],
  ])('proposes no name that an execution has already: %s', async (_, args, isLacking, proposed) => {
    const { failure } = await run(args, LOCAL, isLacking);

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toContain(proposed);
    expect(failure.message).not.toContain('--name');
  });

  test('--pretrained overrides the input', async () => {
    const { did } = await run(['{"station_id": 29, "pretrained": true}', '--pretrained', 'false']);

    expect(did).toContainEqual(['start', TRAIN_MACHINE, { station_id: 29, pretrained: false }, null]);
  });
});
