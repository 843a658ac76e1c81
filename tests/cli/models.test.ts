import { afterEach, expect, describe as group, test } from '@jest/globals';
import { requireStations } from '../../cli/known-stations.ts';
import {
  describeModels,
  modelsCommand,
  promoteCommand,
  restoreCommand,
  unpublishCommand,
} from '../../cli/models.ts';
import { UsageError } from '../../cli/usage-error.ts';
import type { StationModel } from '../../shared/publication/drawn-models.ts';
import { expectDocumented } from '../support/documented-json.ts';

const former = process.env.AWS_ENDPOINT_URL_S3;
afterEach(() => {
  if (former === undefined) delete process.env.AWS_ENDPOINT_URL_S3;
  else process.env.AWS_ENDPOINT_URL_S3 = former;
});

const REPORT = 'models/0b2f6a8c/RANK-FLOW-A.html';
const model = {
  id: 7,
  station_id: 1,
  uuid: '0b2f6a8c',
  code: 'RANK-FLOW-A',
  model_type_id: 'RANK',
  variable_id: 'FLOW_CFS',
  default: true,
  status: 'DONE',
  diagnostics_url: `https://fpe-local-storage.s3.us-west-2.amazonaws.com/${REPORT}`,
  predictions_url: 'https://fpe-local-storage.s3.us-west-2.amazonaws.com/models/0b2f6a8c/predictions.csv',
  is_ours: true,
} as StationModel;
const describe = () => describeModels({ id: 1, name: 'Mill Brook' }, [model], { model: 'fpe-local-models' });

test('a report is named where it opens: on AWS by its address there, on the local stack by the local one', () => {
  delete process.env.AWS_ENDPOINT_URL_S3;
  expect(describe()).toContain(`report ${model.diagnostics_url}`);

  process.env.AWS_ENDPOINT_URL_S3 = 'http://127.0.0.1:4566';

  expect(describe()).toContain(`report http://127.0.0.1:4566/fpe-local-storage/${REPORT}`);
  expect(describe()).not.toContain('amazonaws.com');
});

test('the report of a model that is not drawn is named in its bucket on AWS, and by what opens it on the local stack', () => {
  const hidden = { ...model, diagnostics_url: null, predictions_url: null };
  const reportOf = () =>
    describeModels({ id: 1, name: 'Mill Brook' }, [hidden], { model: 'models' }).split('\n')[2];

  process.env.AWS_ENDPOINT_URL_S3 = '';
  expect(reportOf()).toBe(
    '    report s3://models/rank/1/models/RANK-FLOW-A/versions/0b2f6a8c/RANK-FLOW-A.html',
  );

  process.env.AWS_ENDPOINT_URL_S3 = 'http://127.0.0.1:4566';

  expect(reportOf()).toBe('    report ./fpe open --station 1 --model-code RANK-FLOW-A --model-type RANK');
});

test('a row without a uuid is listed as the website shows it', () => {
  const row: StationModel = { ...model, uuid: null, default: false, diagnostics_url: null, is_ours: false };

  expect(describeModels({ id: 1, name: 'Mill Brook' }, [row], { model: 'fpe-local-models' })).toContain(
    'RANK-FLOW-A  RANK FLOW_CFS  drawn by the website, without uuid, made by upstream’s scripts',
  );
});

group('fpe models', () => {
  /** Runs the command. @returns what it asked for and printed */
  async function run(...args: string[]) {
    const asked: unknown[][] = [];
    const printed: string[] = [];
    const facts: unknown[] = [];
    const command = modelsCommand({
      connect: async (stage) => void asked.push(['connect', stage]),
      requireStations: async (ids) =>
        requireStations(ids, undefined, async () => [{ id: 29, name: 'Mill Brook' }]),
      findStations: async () => [
        { id: 1, name: 'Alder Creek', synthetic: true, models: 0 },
        { id: 29, name: 'Mill Brook', synthetic: false, models: 12 },
      ],
      buckets: () => ({ storage: 'photos', model: 'models' }),
      findDrawableModels: async (id) => {
        asked.push(['find', id]);
        return { station: { id, name: 'Mill Brook' } as never, models: [model] };
      },
      columns: () => undefined,
      print: (text) => printed.push(text),
      printJson: (json) => facts.push(json),
    });
    await command.parseAsync(args, { from: 'user' });
    return { asked, printed: printed.join('\n'), facts };
  }

  test('lists the models of a station', async () => {
    const { asked, printed } = await run('--station', '29', '--stage', 'prod');

    expect(asked).toEqual([
      ['connect', 'prod'],
      ['find', 29],
    ]);
    expect(printed).toMatch(/^Station 29 “Mill Brook”, 1 model\nRANK-FLOW-A {2}RANK FLOW_CFS {2}default/);
  });

  test('lists without a station all of them, with the number of their models', async () => {
    const { printed } = await run();

    expect(printed.split('\n')).toEqual([
      'STATION  MODELS  NAME',
      '1        0       Alder Creek, synthetic',
      '29       12      Mill Brook',
    ]);
  });

  test('names the stations that there are where there is no such station', async () => {
    await expect(run('--station', '9')).rejects.toThrow(
      'There is no station 9 in the database. It has 29 “Mill Brook”.',
    );
  });

  test('prints with --json what docs/commands.md says', async () => {
    const { facts, printed } = await run('--station', '29', '--json');
    const all = await run('--json');

    expectDocumented('models', facts[0]);
    expectDocumented('models', all.facts[0], { example: 1 });
    expect(printed).toBe('');
  });
});

group('fpe promote, unpublish and restore', () => {
  const COMMANDS = { promote: promoteCommand, unpublish: unpublishCommand, restore: restoreCommand };
  type Action = keyof typeof COMMANDS;

  /** Runs the command. @returns what it did and printed, and why it failed */
  async function run(action: Action, args: string[], { isDone = false } = {}) {
    const did: unknown[][] = [];
    const printed: string[] = [];
    const command = COMMANDS[action]({
      connect: async () => undefined,
      requireStations: async (ids) => void did.push(['require', ...ids]),
      buckets: () => ({ storage: 'photos', model: 'models' }),
      findDrawingChange: async (request) => {
        did.push(['find', request]);
        return isDone ? null : { action, model, superseded: [], kept: [] };
      },
      drawingRemarks: async () => ['Warning: two photos are gone.'],
      changeDrawing: async (request, _change, _places, region) =>
        void did.push(['change', request.code, region]),
      region: () => 'us-west-2',
      print: (text) => printed.push(text),
    });
    const failure = await command
      .parseAsync(['--station', '1', '--model-code', 'RANK-FLOW-A', ...args], { from: 'user' })
      .then(
        () => null,
        (error) => error,
      );
    return { did, printed: printed.join('\n'), failure };
  }

  test.each<Action>(['promote', 'unpublish', 'restore'])(
    'fpe %s only says what it would change',
    async (action) => {
      const { did, failure } = await run(action, []);

      expect(did.map(([what]) => what)).toEqual(['require', 'find']);
      expect(failure).toBeInstanceOf(UsageError);
      expect(failure.message).toMatch(
        /^This would change:\n {2}.*\n {2}Warning: two photos are gone\.\nTo do it, add --yes\.$/s,
      );
    },
  );

  test.each<Action>(['promote', 'unpublish', 'restore'])('fpe %s --yes changes it', async (action) => {
    const { did, printed } = await run(action, ['--yes']);

    expect(did).toEqual([
      ['require', 1],
      ['find', { station_id: 1, action, code: 'RANK-FLOW-A', keepPrevious: false, allowRemovals: false }],
      ['change', 'RANK-FLOW-A', 'us-west-2'],
    ]);
    expect(printed).toMatch(/^✔ .*\n⚠ Warning: two photos are gone\.$/s);
  });

  test('say where there is nothing to do', async () => {
    const { did, printed } = await run('promote', ['--yes', '--keep-previous'], { isDone: true });

    expect(did).toHaveLength(2);
    expect(did[1]?.[1]).toMatchObject({ keepPrevious: true });
    expect(printed).toBe('Nothing to do: RANK-FLOW-A is already the default and is drawn.');
  });
});
