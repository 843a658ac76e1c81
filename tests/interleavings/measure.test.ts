import { expect, test } from '@jest/globals';
import { createTestBuckets, createTestDatabase } from '../test-station.ts';
import { startGatedMachines } from './gated-machines.ts';
import { insertGoldStation, writePhotoObjects } from './station.ts';

test('measure', async () => {
  const database = await createTestDatabase();
  const buckets = await createTestBuckets();
  Object.assign(process.env, {
    PRETRAINED_WEIGHTS_KEY: 'weights/x',
    TRAINING_IMAGE: 't',
    SERVING_IMAGE: 's',
    JOB_PREFIX: 'fpe-local-rank',
  });
  await writePhotoObjects(buckets.storage);
  const machines = await startGatedMachines();
  const lines: string[] = [];
  for (let n = 0; n < 4; n++) {
    let t = performance.now();
    const station = await insertGoldStation(database);
    lines.push(`station ${(performance.now() - t).toFixed(0)}`);
    t = performance.now();
    for (const [machine, input] of [
      ['train-station', { station_id: station.id, pretrained: false, model_code: 'A' }],
      ['score-station', { station_id: station.id }],
    ] as const) {
      const arn = await machines.start(machine, input);
      const t0 = performance.now();
      for (let w = machines.waitsFor(arn); w; w = machines.waitsFor(arn)) {
        const t1 = performance.now();
        await machines.step(arn);
        lines.push(`   ${w} ${(performance.now() - t1).toFixed(0)}`);
      }
      const d = await machines.describe(arn);
      lines.push(
        `${machine} ${(performance.now() - t0).toFixed(0)} ${d.status} ${d.error} ${d.cause} ${d.output}`,
      );
    }
  }
  process.stderr.write(lines.join('\n') + '\n');
  await machines.end();
  await database.end();
  expect(1).toBe(1);
}, 120000);
