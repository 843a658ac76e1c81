/** The runs, the standing resources and the changes that docs/costs.md tells the cost of, with what the sources say of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  type Deployment,
  expectedHours,
  expectedUsage,
  mergeBatches,
  type RunWorkload,
} from '../shared/cost/assumptions.ts';
import { estimateRunCost, type Prices, type StandingUsage, US_WEST_2 } from '../shared/cost/model.ts';
import { runInput } from '../shared/inputs/train-station.ts';
import { countTransitions, type MachineDefinition } from '../statemachines/count-transitions.ts';

const ROOT = join(import.meta.dirname, '..');

const defaults = runInput.parse({ station_id: 1 });
/** As many photos as FPE’s own merge was run for, and as many pairs as annotators are asked for (contract 11). */
export const USUAL: RunWorkload = {
  photos: 30_565,
  pairs: 2_000,
  photosInPairs: 3_500,
  epochs: defaults.n_epochs,
  trainingInstanceType: defaults.training_instance_type,
  trainingSpot: defaults.training_spot,
  transformInstanceType: defaults.transform_instance_type,
  transformInstanceCount: defaults.transform_instance_count,
  mergeBatchSize: defaults.merge_batch_size,
  mergeConcurrency: 10,
  observedByUsgs: true,
};

/** As many as FPE trained in its largest batch of 2026 (contract 11). */
export const STATIONS_A_MONTH = 45;

const NOTHING_STANDING: StandingUsage = {
  keys: 0,
  alarmMetrics: 0,
  dashboards: 0,
  freeDashboards: 3,
  metricMonths: 0,
  endpointZones: 0,
  publicAddresses: 0,
  secrets: 0,
  databaseClass: null,
  databaseGb: 0,
};

/** The parts of the stack that hold what has a price by the month. */
const RESOURCES = ['resources/alarms.yml', 'resources/dashboard.yml', 'resources/notifications.yml'];

export const LEVERS: { what: string; change: Partial<RunWorkload>; note: string }[] = [
  {
    what: '`"training_spot": true`',
    change: { trainingSpot: true },
    note: 'more hours while no instance is to be had; an interruption repeats the epoch under way',
  },
  {
    what: '`"training_instance_type": "ml.g6.xlarge"`',
    change: { trainingInstanceType: 'ml.g6.xlarge' },
    note: 'the same GPU, half the cores',
  },
  {
    what: '`"training_instance_type": "ml.g5.xlarge"`',
    change: { trainingInstanceType: 'ml.g5.xlarge' },
    note: '',
  },
  {
    what: '`"training_instance_type": "ml.g4dn.xlarge"`',
    change: { trainingInstanceType: 'ml.g4dn.xlarge' },
    note: '',
  },
  {
    what: '`"training_instance_type": "ml.g6e.xlarge"`',
    change: { trainingInstanceType: 'ml.g6e.xlarge' },
    note: '',
  },
  {
    what: '`"n_epochs": 10`',
    change: { epochs: 10 },
    note: 'a model that has learned less, perhaps: see the loss curve of the report',
  },
  {
    what: '`"transform_instance_count": 4`',
    change: { transformInstanceCount: 4 },
    note: 'the same seconds of work; only the start of each instance comes on top',
  },
  {
    what: '`"transform_instance_count": 10`',
    change: { transformInstanceCount: 10 },
    note: 'the account’s quota must allow it',
  },
  {
    what: '`"transform_instance_type": "ml.c7i.xlarge"`',
    change: { transformInstanceType: 'ml.c7i.xlarge' },
    note: '',
  },
  {
    what: '`"merge_batch_size": 1000`',
    change: { mergeBatchSize: 1000 },
    note: 'more calls of MergePredictions, each shorter',
  },
  {
    what: '`mergeConcurrency: 1` (stage)',
    change: { mergeConcurrency: 1 },
    note: 'batches one after the other, each with more reads at once',
  },
  {
    what: 'spot and four transform instances',
    change: { trainingSpot: true, transformInstanceCount: 4 },
    note: 'cheaper and sooner',
  },
];

/** What a run is expected to use, to cost and to take. */
export function estimate(workload: RunWorkload, prices: Prices = US_WEST_2) {
  const usage = expectedUsage(workload, deploymentOf(workload));
  return { usage, cost: estimateRunCost(usage, prices), hours: expectedHours(workload) };
}

/** What the sources say about a run that goes well and is published. */
function deploymentOf(workload: RunWorkload): Deployment {
  const machine: MachineDefinition = readYaml('statemachines/train-station.asl.yml');
  const functions: Record<string, { memorySize: number }> = readYaml('resources/functions.yml');
  const facts = {
    '$.run.uses_nwis': workload.observedByUsgs,
    '$.training.status': 'Completed',
    '$.scoring.status': 'Completed',
    '$.run.parameters.publish': true,
  };
  return {
    transitions: countTransitions(machine, facts, mergeBatches(workload)),
    memoryMb: Object.fromEntries(
      Object.entries(functions).map(([name, { memorySize }]) => [name, memorySize]),
    ),
  };
}

/** Counted in the parts of the pipeline's own stack. */
export function pipelineUsage(): StandingUsage {
  const resources = RESOURCES.flatMap((path) =>
    Object.values((readYaml(path) as { Resources: Record<string, Templated> }).Resources),
  );
  const ofType = (type: string) => resources.filter(({ Type }) => Type === type);
  const alarmMetrics = ofType('AWS::CloudWatch::Alarm').flatMap(({ Properties = {} }) =>
    Properties.Metrics
      ? (Properties.Metrics as { MetricStat?: unknown }[]).filter(({ MetricStat }) => MetricStat)
      : [Properties.MetricName],
  ).length;
  return {
    ...NOTHING_STANDING,
    keys: ofType('AWS::KMS::Key').length,
    alarmMetrics,
    dashboards: ofType('AWS::CloudWatch::Dashboard').length,
    // Three metrics of the pipeline and one of each station, with values in one hour for each run, and one of every hour
    // (shared/aws/metrics.ts).
    metricMonths: ((3 + 1) * STATIONS_A_MONTH) / 730 + 1,
  };
}

/** Counted in the environment's template. */
export function environmentUsage(): StandingUsage {
  const template: { Parameters: Record<string, { Default: string }>; Resources: Record<string, Templated> } =
    readYaml('environment/template.yml');
  const resources = Object.values(template.Resources);
  const endpointZones = resources.flatMap(({ Properties = {} }) =>
    Properties.VpcEndpointType === 'Interface' ? (Properties.SubnetIds as unknown[]) : [],
  ).length;
  const databases = resources.filter(({ Type }) => Type === 'AWS::RDS::DBInstance');
  return {
    ...NOTHING_STANDING,
    endpointZones,
    publicAddresses: databases.length,
    secrets: databases.length,
    databaseClass: template.Parameters.DatabaseInstanceClass?.Default ?? null,
    databaseGb: Number(databases[0]?.Properties?.AllocatedStorage),
  };
}

type Templated = { Type: string; Properties?: Record<string, unknown> };
const readYaml = (path: string) => parse(readFileSync(join(ROOT, path), 'utf8'), { merge: true });
