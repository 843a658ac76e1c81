import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ASSUMED_SPEED,
  type Deployment,
  expectedHours,
  expectedUsage,
  mergeBatches,
  type RunWorkload,
} from '../../../shared/cost/assumptions.ts';
import {
  estimateMonthlyCost,
  estimateRunCost,
  type FunctionUsage,
  type JobUsage,
  type RunUsage,
  type StandingUsage,
  US_WEST_2,
} from '../../../shared/cost/model.ts';

const deployment: Deployment = {
  transitions: 40,
  memoryMb: { prepareRun: 1769, exportStation: 1769, buildDataset: 3008, mergePredictions: 1769 },
};
const amount = (max: number) => fc.double({ min: 0, max, noNaN: true });
const functions: fc.Arbitrary<FunctionUsage[]> = fc.array(
  fc.record({ name: fc.string(), memoryMb: fc.nat(10_240), calls: fc.nat(1000), seconds: amount(1e5) }),
);
const jobs: fc.Arbitrary<JobUsage[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('training' as const, 'transform' as const),
    instanceType: fc.constantFrom(...Object.keys(US_WEST_2.instanceHour)),
    instanceCount: fc.integer({ min: 1, max: 20 }),
    billableSeconds: amount(1e6),
    volumeGb: fc.nat(1000),
  }),
);
const usages: fc.Arbitrary<RunUsage> = fc.record({
  transitions: fc.nat(25_000),
  functions,
  jobs,
  requests: fc.record({ reads: fc.nat(1e7), writes: fc.nat(1e7) }),
  storedGbMonths: amount(100),
  logGb: amount(10),
  emails: fc.nat(10),
  events: fc.nat(10),
});
const workloads: fc.Arbitrary<RunWorkload> = fc.record({
  photos: fc.integer({ min: 1, max: 2_000_000 }),
  pairs: fc.integer({ min: 110, max: 20_000 }),
  photosInPairs: fc.integer({ min: 10, max: 40_000 }),
  epochs: fc.integer({ min: 1, max: 500 }),
  trainingInstanceType: fc.constantFrom(...Object.keys(ASSUMED_SPEED.training)),
  trainingSpot: fc.boolean(),
  transformInstanceType: fc.constantFrom(...Object.keys(ASSUMED_SPEED.transform)),
  transformInstanceCount: fc.integer({ min: 1, max: 20 }),
  mergeBatchSize: fc.integer({ min: 1, max: 20_000 }),
  mergeConcurrency: fc.integer({ min: 1, max: 40 }),
  observedByUsgs: fc.boolean(),
});
const costOf = (workload: RunWorkload) => estimateRunCost(expectedUsage(workload, deployment));

const NOTHING: RunUsage = {
  transitions: 0,
  functions: [],
  jobs: [],
  requests: { reads: 0, writes: 0 },
  storedGbMonths: 0,
  logGb: 0,
  emails: 0,
  events: 0,
};
/** Closer than a ten-thousandth of a cent, or of the amount. */
const expectSame = (found: number, expected: number) =>
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)));

describe('the cost of what a run used', () => {
  test('is nothing for nothing', () => {
    expect(estimateRunCost(NOTHING)).toMatchObject({ total: 0, unpriced: [] });
  });

  test('is never negative, and the sum of its parts', () => {
    fc.assert(
      fc.property(usages, (usage) => {
        const { parts, total } = estimateRunCost(usage);

        expect(Math.min(...Object.values(parts))).toBeGreaterThanOrEqual(0);
        expectSame(
          total,
          Object.values(parts).reduce((sum, part) => sum + part, 0),
        );
      }),
    );
  });

  test('of two runs is that of the one and that of the other', () => {
    fc.assert(
      fc.property(usages, usages, (one, other) => {
        const both: RunUsage = {
          transitions: one.transitions + other.transitions,
          functions: [...one.functions, ...other.functions],
          jobs: [...one.jobs, ...other.jobs],
          requests: {
            reads: one.requests.reads + other.requests.reads,
            writes: one.requests.writes + other.requests.writes,
          },
          storedGbMonths: one.storedGbMonths + other.storedGbMonths,
          logGb: one.logGb + other.logGb,
          emails: one.emails + other.emails,
          events: one.events + other.events,
        };

        expectSame(estimateRunCost(both).total, estimateRunCost(one).total + estimateRunCost(other).total);
      }),
    );
  });

  test.each([
    ['40 minutes on one ml.g6.2xlarge', { instanceType: 'ml.g6.2xlarge', billableSeconds: 2400 }, 0.8147],
    ['60 minutes on one ml.c5.xlarge', { instanceType: 'ml.c5.xlarge', billableSeconds: 3600 }, 0.204],
    [
      '15 minutes on four of them',
      { instanceType: 'ml.c5.xlarge', billableSeconds: 900, instanceCount: 4 },
      0.204,
    ],
  ])('counts instances by the second: %s', (_what, given, expected) => {
    const job: JobUsage = { kind: 'transform', instanceCount: 1, volumeGb: 0, ...given };

    const { parts } = estimateRunCost({ ...NOTHING, jobs: [job] });

    expect(parts.transform).toBeCloseTo(expected, 4);
  });

  test('counts memory × time and calls of a function', () => {
    const one = { name: 'mergePredictions', memoryMb: 2048, calls: 1_000_000, seconds: 500_000 };

    const { parts } = estimateRunCost({ ...NOTHING, functions: [one] });

    expect(parts.functions).toBeCloseTo(13.3334 + 0.2, 4);
  });

  test('names instance types that have no price, and counts everything else', () => {
    const job: JobUsage = {
      kind: 'training',
      instanceType: 'ml.p9.xlarge',
      instanceCount: 1,
      billableSeconds: 3600,
      volumeGb: 0,
    };

    const cost = estimateRunCost({ ...NOTHING, transitions: 1000, jobs: [job, job] });

    expect(cost.unpriced).toEqual(['ml.p9.xlarge']);
    expect(cost.total).toBeCloseTo(0.025, 6);
  });

  test('follows the prices that it is given', () => {
    const prices = { ...US_WEST_2, transition: 1 };

    expect(estimateRunCost({ ...NOTHING, transitions: 3 }, prices).total).toBe(3);
  });
});

describe('the expected cost of a run', () => {
  test('is never negative, and every instance type with an assumed speed has a price', () => {
    fc.assert(
      fc.property(workloads, (workload) => {
        const { parts, unpriced } = costOf(workload);

        expect(Math.min(...Object.values(parts))).toBeGreaterThanOrEqual(0);
        expect(unpriced).toEqual([]);
      }),
    );
  });

  test('is never higher with spot instances', () => {
    fc.assert(
      fc.property(workloads, (workload) => {
        const onDemand = costOf({ ...workload, trainingSpot: false });
        const spot = costOf({ ...workload, trainingSpot: true });

        expect(spot.total).toBeLessThanOrEqual(onDemand.total);
        expect({ ...spot.parts, training: 0 }).toEqual({ ...onDemand.parts, training: 0 });
      }),
    );
  });

  test('grows in a line with the photos where scoring, requests and logs are concerned', () => {
    fc.assert(
      fc.property(workloads, fc.integer({ min: 1, max: 1_000_000 }), (workload, step) => {
        const [first, second, third] = [0, 1, 2].map(
          (steps) => costOf({ ...workload, photos: workload.photos + steps * step }).parts,
        ) as [Parts, Parts, Parts];

        for (const part of ['transform', 'requests', 'logs'] as const)
          expectSame(third[part] - second[part], second[part] - first[part]);
        expect(third.training).toBe(first.training);
      }),
    );
  });

  test('rises by the start of the instances only when more of them score, and the run is not longer', () => {
    fc.assert(
      fc.property(workloads, fc.integer({ min: 2, max: 10 }), (workload, times) => {
        const more = { ...workload, transformInstanceCount: workload.transformInstanceCount * times };
        const secondsOf = (one: RunWorkload) => {
          const job = expectedUsage(one, deployment).jobs[1] as JobUsage;
          return job.instanceCount * (job.billableSeconds - 240);
        };

        expectSame(secondsOf(more), secondsOf(workload));
        expect(expectedHours(more).total).toBeLessThanOrEqual(expectedHours(workload).total);
      }),
    );
  });

  test('leaves FetchObservations out where USGS is not asked', () => {
    const [workload] = fc.sample(workloads, 1) as [RunWorkload];
    const names = (observedByUsgs: boolean) =>
      expectedUsage({ ...workload, observedByUsgs }, deployment).functions.map(({ name }) => name);

    expect(names(true)).toContain('fetchObservations');
    expect(names(false)).not.toContain('fetchObservations');
  });

  test.each([
    [1, 1],
    [5000, 1],
    [5001, 2],
    [30_565, 7],
    [1_000_000, 100],
  ])('%i photos are merged in %i batches of 5,000 or more', (photos, batches) => {
    const [workload] = fc.sample(workloads, 1) as [RunWorkload];

    expect(mergeBatches({ ...workload, photos, mergeBatchSize: 5000 })).toBe(batches);
  });

  test('can be counted with what was measured in place of what is assumed', () => {
    const [workload] = fc.sample(workloads, 1) as [RunWorkload];
    const expected = expectedUsage(workload, deployment);
    const measured: JobUsage[] = [
      {
        kind: 'training',
        instanceType: 'ml.g6.2xlarge',
        instanceCount: 1,
        billableSeconds: 2400,
        volumeGb: 0,
      },
    ];

    const { parts } = estimateRunCost({ ...expected, jobs: measured });

    expect(parts.training).toBeCloseTo(0.8147, 4);
    expect(parts.transform).toBe(0);
  });
});

type Parts = ReturnType<typeof costOf>['parts'];

describe('the cost of a month', () => {
  const usage: StandingUsage = {
    keys: 1,
    alarmMetrics: 8,
    dashboards: 3,
    freeDashboards: 3,
    metricMonths: 0,
    endpointZones: 2,
    publicAddresses: 0,
    secrets: 1,
    databaseClass: 'db.t4g.micro',
    databaseGb: 20,
  };

  test('is the sum of what stands there', () => {
    const { parts, total } = estimateMonthlyCost(usage);

    expect(parts).toMatchObject({ keys: 1, alarms: 0.8, dashboards: 0, endpoints: 14.6, secrets: 0.4 });
    expect(parts.database).toBeCloseTo(0.016 * 730 + 20 * 0.115, 6);
    expect(total).toBeCloseTo(30.78, 2);
  });

  test('has a price for a dashboard only after those that are free', () => {
    expect(estimateMonthlyCost({ ...usage, dashboards: 4 }).parts.dashboards).toBe(3);
  });
});
