import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { parseAnnotationFile } from '../../shared/dataset/annotation-sessions.ts';
import type { Run } from '../../shared/execution/train-station-state.ts';
import type { ModelType } from '../../shared/model-types/model-type.ts';
import { MODEL_TYPES } from '../../shared/model-types/registry.ts';
import type { ModelComparison } from '../../shared/publication/model-comparison.ts';
import type { ReportData } from '../../shared/report/data/report-data.ts';
import type { Workplace } from '../interleavings/workplace.ts';

jest.setTimeout(600_000);

/** A type that takes every choice the other way round. */
const TINY: ModelType = {
  name: 'Tiny',
  prefix: 'tiny/',
  programs: { training: 'train_tiny.py', serving: 'serve_tiny.py', metrics: ['steps'] },
  files: { dataset: 'tiny-dataset.json', input: 'tiny-input.json' },
  parseAnnotations(body, where) {
    const file = parseAnnotationFile(body, where);
    const turned = { LEFT: 'RIGHT', RIGHT: 'LEFT' } as const;
    const pairs = file.pairs.map((pair) => ({
      ...pair,
      rank: turned[pair.rank as 'LEFT'] ?? pair.rank,
    }));
    return { ...file, pairs };
  },
};
/** Before anything that reads the list is loaded. */
Object.assign(MODEL_TYPES, { TINY });

describe('a type of models that is added to the list', () => {
  let product: Awaited<ReturnType<typeof load>>;
  let workplace: Workplace;
  let station: { id: number; user_id: string; imageset_id: number };
  const runs = new Map<string, Run>();
  /** What the tiny report was made of, by model code. */
  const reported: ReportData[] = [];

  const load = async () => ({
    ...(await import('../interleavings/workplace.ts')),
    ...(await import('../interleavings/station.ts')),
    ...(await import('../../shared/aws/object-store.ts')),
    ...(await import('../../shared/publication/comparisons.ts')),
    ...(await import('../../shared/report/reports.ts')),
    ...(await import('../../shared/station-models/verification.ts')),
  });

  beforeAll(async () => {
    product = await load();
    Object.assign(product.COMPARISONS, {
      TINY: (): ModelComparison => {
        const nothing = { n: 0, now: null, before: null, difference: null };
        const pairs = { ...nothing, n: 1000 };
        return {
          verdict: 'better',
          decided_by: 'pairs',
          pairs,
          familiar: 0,
          untold: { pairs: 0, photos: 0 },
          photos: nothing,
        };
      },
    });
    Object.assign(product.REPORTS, {
      TINY: {
        page(report: ReportData) {
          reported.push(report);
          return `<p>Tiny ${report.state.run.model_code}</p>`;
        },
        metrics: ({ state: { run } }: ReportData) => ({
          model_code: run.model_code,
          variable_id: run.parameters.variable_code,
          created_at: run.started_at,
          tiny: true,
        }),
        note: () => 'Tiny models agree with everything.',
      },
    });
    workplace = await product.openWorkplace();
    await workplace.database.query("INSERT INTO model_types (id, name) VALUES ('TINY', 'Tiny')");
    station = await product.insertGoldStation(workplace.database);
  });
  afterAll(() => workplace.end());

  async function execute(machine: string, input: object) {
    const { machines } = workplace;
    const arn = await machines.start(machine, { station_id: station.id, ...input });
    while (machines.waitsFor(arn)) await machines.step(arn);
    return { arn, ...(await machines.describe(arn)) };
  }
  async function train(model_code: string, input: object) {
    const ended = await execute('train-station', {
      ...{ model_code, pretrained: false, min_hour: 0, max_hour: 23, promote: 'if_better' },
      ...input,
    });
    expect([ended.status, ended.cause]).toEqual(['SUCCEEDED', undefined]);
    runs.set(model_code, workplace.machines.resultOf(ended.arn, 'prepareRun') as Run);
    return ended;
  }
  const textOf = (bucket: string, key: string) => String(workplace.objects.find({ bucket, key }));
  const keysBelow = (prefix: string) => [...workplace.objects.list(workplace.buckets.model, prefix).keys()];
  const rowsOf = async (code: string) =>
    (
      await workplace.database.query('SELECT * FROM models WHERE station_id = $1 AND code = $2', [
        station.id,
        code,
      ])
    ).rows;

  test('is one of those that the input may name; another is refused with the list', async () => {
    const refused = await execute('train-station', { model_type: 'CLASS', pretrained: false });

    expect(refused.status).toBe('FAILED');
    expect(refused.error).toBe('InvalidInput');
    expect(refused.cause).toContain('model_type is "CLASS": expected one of RANK, TINY');
  });

  test('is trained by its own program, from its own reading of the annotations, below its own prefix', async () => {
    await train('R1', {});
    await train('T1', { model_type: 'TINY' });

    const [rank, tiny] = [runs.get('R1') as Run, runs.get('T1') as Run];
    expect(tiny.training_request).toMatchObject({
      HyperParameters: { sagemaker_program: 'train_tiny.py' },
      AlgorithmSpecification: { MetricDefinitions: [{ Name: 'steps' }] },
    });
    expect(tiny.model_request).toMatchObject({ Environment: { SAGEMAKER_PROGRAM: 'serve_tiny.py' } });
    expect(rank.training_request).toMatchObject({ HyperParameters: { sagemaker_program: 'train.py' } });
    for (const key of [tiny.keys.claim, tiny.keys.input.summary, tiny.keys.checkpoints])
      expect(key.startsWith('tiny/')).toBe(true);
    const folder = `tiny/${station.id}/models/T1`;
    const written = keysBelow('tiny/');
    expect(written).toContain(`${folder}/input/tiny-input.json`);
    expect(written).toContain(`tiny/${station.id}/datasets/T1/tiny-dataset.json`);
    expect(keysBelow('rank/').filter((key) => key.includes('/T1/'))).toEqual([]);
    expect(written.filter((key) => key.includes('/R1/'))).toEqual([]);

    const ranksOf = (run: Run) =>
      textOf(workplace.buckets.model, run.keys.input.annotations)
        .split('\n')
        .slice(1, -1)
        .map((line) => (line.includes(',LEFT,') ? 'LEFT' : 'RIGHT'));
    expect(ranksOf(tiny)).toEqual(ranksOf(rank).map((choice) => (choice === 'LEFT' ? 'RIGHT' : 'LEFT')));
  });

  test('is reported and published as its own, beside the default of the other type', async () => {
    const [[rank], [tiny]] = [await rowsOf('R1'), await rowsOf('T1')];

    expect(rank).toMatchObject({ model_type_id: 'RANK', default: true });
    expect(tiny).toMatchObject({ model_type_id: 'TINY', default: true });
    expect(textOf(workplace.buckets.storage, `models/${tiny.uuid}/T1.html`)).toBe('<p>Tiny T1</p>');
    const metrics = `tiny/${station.id}/models/T1/metrics.json`;
    expect(JSON.parse(textOf(workplace.buckets.model, metrics))).toMatchObject({ tiny: true });
  });

  test('is compared with the model before of its own type, though one of the other is newer', async () => {
    await train('R2', {});
    const ended = await train('T2', { model_type: 'TINY' });

    expect(reported.map(({ state, previous }) => [state.run.model_code, previous?.model_code])).toEqual([
      ['T1', undefined],
      ['T2', 'T1'],
    ]);
    expect(workplace.machines.resultOf(ended.arn, 'decidePromotion')).toMatchObject({
      make_default: true,
      reason: 'It becomes the default: it is better than the present default T1.',
      current_model_code: 'T1',
    });
    expect(ended.output).toContain('T2');
    expect((await rowsOf('R1'))[0].default || (await rowsOf('R2'))[0].default).toBe(true);
  });

  test('scores new photos by itself, and only photos without people stay in its files', async () => {
    await product.insertPhotos(workplace.database, station, 18, 3);
    await workplace.database.query(
      `UPDATE images SET pii_on = true, updated_at = clock_timestamp()
        WHERE id = (SELECT min(id) FROM images WHERE imageset_id = $1)`,
      [station.imageset_id],
    );

    const scored = await execute('score-station', { model_type: 'TINY' });

    expect([scored.status, scored.cause]).toEqual(['SUCCEEDED', undefined]);
    expect(workplace.machines.resultOf(scored.arn, 'prepareScoring')).toMatchObject({
      model_code: 'T2',
      model_request: { Environment: { SAGEMAKER_PROGRAM: 'serve_tiny.py' } },
    });
    const linesOf = (code: string) =>
      textOf(workplace.buckets.model, `tiny/${station.id}/models/${code}/transform/predictions.csv`)
        .trim()
        .split('\n');
    expect(linesOf('T2')).toHaveLength(1 + 18 + 3 - 1);
    expect(linesOf('T1')).toHaveLength(1 + 18 - 1);
    const ranked = textOf(workplace.buckets.model, `rank/${station.id}/models/R1/transform/predictions.csv`);
    expect(ranked.trim().split('\n')).toHaveLength(1 + 18 - 1);
  });

  test('is verified as the others are: a whole station has no fault, and a file that is missing is found', async () => {
    const options = { repair: false, confirmed: false, now: Date.now() };
    const verify = () => product.verifyAndRepair(station.id, workplace.buckets, options);

    const whole = await verify();
    expect(whole?.findings.filter(({ severity }) => severity === 'fault')).toEqual([]);
    expect(whole?.unchecked).toEqual([]);
    expect(await product.findStationIds(workplace.buckets)).toContain(station.id);

    const key = `tiny/${station.id}/models/T2/input/pairs.csv`;
    await product.deleteObject({ bucket: workplace.buckets.model, key });
    const broken = await verify();
    expect(broken?.findings.map(({ kind, repair }) => [kind, repair?.do])).toContainEqual([
      'fixed_places_differ',
      'restore_fixed_places',
    ]);
    const repaired = await product.verifyAndRepair(station.id, workplace.buckets, {
      ...options,
      repair: true,
    });
    expect(repaired?.repaired.map(({ failed }) => failed)).toEqual([null]);
    expect(keysBelow('tiny/')).toContain(key);
  });

  test('may be named by a code of its own that no other type has', async () => {
    const taken = await execute('train-station', {
      ...{ model_code: 'R1', model_type: 'TINY', pretrained: false, overwrite: true },
      dataset_code: randomUUID(),
    });

    expect(taken.error).toBe('ModelCodeExists');
    expect(taken.cause).toContain('another type or variable');
  });
});
