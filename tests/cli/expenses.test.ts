import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { COST_OF_SMOKE, costOfEnvironment, costOfExecution, costOfPipeline } from '../../cli/expenses.ts';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const usdOf = (text: string): number => Number(/([\d.]+) USD/.exec(text)?.[1]);

describe('the estimate', () => {
  test('of a training is that of docs/costs.md', () => {
    const [, usual] = /\*\*([\d.]+) USD and/.exec(readFileSync(join(DOCS, 'costs.md'), 'utf8')) ?? [];

    expect(usdOf(costOfExecution('train-station', { station_id: 29 }))).toBe(Number(usual));
  });

  test('of a training goes by its input', () => {
    const [short, long] = [1, 100].map((n_epochs) =>
      usdOf(costOfExecution('train-station', { station_id: 29, n_epochs })),
    );

    expect(short).toBeLessThan(long as number);
    expect(
      costOfExecution('train-station', { station_id: 29, training_instance_type: 'ml.p9.large' }),
    ).toContain(', without ml.p9.large, which the cost model has no price of');
  });

  test('of a refresh is for the trainings that it may do', () => {
    const one = usdOf(costOfExecution('refresh-stations', { station_ids: [29] }));

    expect(usdOf(costOfExecution('refresh-stations', { station_ids: [29, 41, 42] }))).toBeCloseTo(3 * one, 1);
    expect(costOfExecution('refresh-stations', {})).toContain('for 20 trainings');
    expect(costOfExecution('refresh-stations', { max_training_jobs: 2 })).toContain('for 2 trainings');
  });

  test('of a scoring is less than that of a training', () => {
    const scoring = usdOf(costOfExecution('score-station', { station_id: 29 }));

    expect(scoring).toBeGreaterThan(0);
    expect(scoring).toBeLessThan(usdOf(costOfExecution('train-station', { station_id: 29 })));
  });

  test('of what stands is by the month', () => {
    expect(costOfPipeline()).toMatch(/^about [1-9]\d*\.\d\d USD a month/);
    expect(usdOf(costOfEnvironment('db.t4g.small'))).toBeGreaterThan(usdOf(costOfEnvironment()));
    expect(costOfEnvironment('db.r9.huge')).toContain('without db.r9.huge');
  });

  test('of all steps of fpe smoke is that of docs/deploy.md', () => {
    expect(usdOf(COST_OF_SMOKE)).toBe(0.5);
    expect(readFileSync(join(DOCS, 'deploy.md'), 'utf8')).toContain('costs about half a dollar');
  });
});
