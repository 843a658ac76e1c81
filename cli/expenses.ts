import { environmentUsage, estimate, pipelineUsage, USUAL } from '../docs/cost-scenarios.ts';
import { estimateMonthlyCost, LIST_DATABASE_HOURS } from '../shared/cost/model.ts';
import { countOf, formatCount } from '../shared/formats/numbers.ts';
import type { MachineKind } from '../shared/inputs/machines.ts';
import { parseRefreshInput } from '../shared/inputs/refresh-stations.ts';
import { parseRunInput } from '../shared/inputs/train-station.ts';

/** Estimates for a person who is asked whether to go on, by the cost model (docs/costs.md). */

const usd = (amount: number): string => `${amount.toFixed(2)} USD`;
const FOR_USUAL = `for a station of ${formatCount(USUAL.photos)} photos`;
const SOURCE = '(docs/costs.md)';

/** A training of the usual station with the parameters of an input; an instance type without a price here is named. */
function trainingCost(input: Record<string, unknown>): { total: number; note: string } {
  const {
    n_epochs,
    training_instance_type,
    training_spot,
    transform_instance_type,
    transform_instance_count,
  } = parseRunInput({ station_id: 1, ...input });
  const { total, unpriced } = estimate({
    ...USUAL,
    epochs: n_epochs,
    trainingInstanceType: training_instance_type,
    trainingSpot: training_spot,
    transformInstanceType: transform_instance_type,
    transformInstanceCount: transform_instance_count,
  }).cost;
  return { total, note: without(unpriced) };
}

const without = (unpriced: readonly string[]): string =>
  unpriced.length === 0 ? '' : `, without ${unpriced.join(' and ')}, which the cost model has no price of`;

/** Of an execution of each machine; a scoring of new photos costs less than what a training does to score all. */
export function costOfExecution(kind: MachineKind, input: Record<string, unknown>): string {
  if (kind === 'train-station') {
    const { total, note } = trainingCost(input);
    return `about ${usd(total)} ${FOR_USUAL}${note} ${SOURCE}`;
  }
  if (kind === 'score-station')
    return `less than ${usd(estimate(USUAL).cost.parts.transform)} ${FOR_USUAL}, by its new photos ${SOURCE}`;
  const { station_ids, max_training_jobs, train } = parseRefreshInput(input);
  const trainings = Math.min(max_training_jobs, station_ids?.length ?? max_training_jobs);
  const { total: each, note } = trainingCost(train);
  return `up to ${usd(trainings * each)} for ${countOf(trainings, 'training')}, ${usd(each)} each ${FOR_USUAL}${note}; --dry-run says which are needed ${SOURCE}`;
}

/** Of the pipeline's own stack, without a single run. */
export const costOfPipeline = (): string =>
  `about ${usd(estimateMonthlyCost(pipelineUsage()).total)} a month, and what each run costs ${SOURCE}`;

/** Of a development environment with a database of this class, or the usual one. */
export const costOfEnvironment = (instanceClass?: string): string => {
  const usage = environmentUsage();
  const { total } = estimateMonthlyCost({ ...usage, databaseClass: instanceClass ?? usage.databaseClass });
  const isPriced = instanceClass === undefined || instanceClass in LIST_DATABASE_HOURS;
  return `about ${usd(total)} a month until it is removed${without(isPriced ? [] : [instanceClass])} ${SOURCE}`;
};

/** Of all steps of `fpe smoke` (docs/deploy.md). */
export const COST_OF_SMOKE = 'about 0.50 USD (docs/deploy.md)';
