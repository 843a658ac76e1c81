import { ASSUMED } from '../../cost/assumptions.ts';
import { estimateRunCost, type JobUsage, US_WEST_2 } from '../../cost/model.ts';
import { durations } from './durations.ts';
import type { ReportState } from './report-data.ts';
import type { CostEstimate, FileChecksum } from './run-facts.ts';

const ASSUMPTIONS =
  'List prices of us-west-2. The times include waiting for a machine and its start, so this is an upper limit; with spot, instances cost less. Functions, states and storage come to some cents and are not in it.';

/**
 * What the jobs of a run cost, by the time that they took.
 *
 * @returns null when the files do not tell the times, or an instance type has no price
 */
export function jobCosts(state: ReportState, files: readonly FileChecksum[]): CostEstimate | null {
  const { parameters } = state.run;
  const { training, scoring } = durations(state, files);
  if (training === null || scoring === null) return null;
  const jobs: (JobUsage & { name: string })[] = [
    {
      name: 'Training',
      kind: 'training',
      instanceType: parameters.training_instance_type,
      instanceCount: 1,
      billableSeconds: training,
      volumeGb: ASSUMED.trainingVolumeGb,
    },
    {
      name: 'Scoring',
      kind: 'transform',
      instanceType: parameters.transform_instance_type,
      instanceCount: parameters.transform_instance_count,
      billableSeconds: scoring,
      volumeGb: ASSUMED.transformVolumeGb,
    },
  ];
  const { parts, unpriced } = estimateRunCost({ ...NOTHING_ELSE, jobs }, US_WEST_2);
  if (unpriced.length > 0) return null;
  return {
    parts: jobs.map(({ name, kind, instanceType, instanceCount, billableSeconds }) => ({
      name,
      usd: parts[kind],
      basis: `${instanceCount} × ${instanceType} for ${(billableSeconds / 3600).toFixed(2)} h`,
    })),
    assumptions: ASSUMPTIONS,
  };
}

const NOTHING_ELSE = {
  transitions: 0,
  functions: [],
  requests: { reads: 0, writes: 0 },
  storedGbMonths: 0,
  logGb: 0,
  emails: 0,
  events: 0,
};
