import * as z from 'zod';
import {
  extension,
  type ScoringRun,
  scoringRun,
  selection,
  suppliedModel,
  withdrawn,
} from '../../shared/execution/score-station-state.ts';
import { shownStationName } from '../../shared/execution/station.ts';
import {
  dataset,
  manifests,
  mergePlan,
  observations,
  predictions,
  promotion,
  publication,
  type Run,
  report,
  run,
  split,
  stationExport,
} from '../../shared/execution/train-station-state.ts';
import { countOf, formatCount } from '../../shared/formats/numbers.ts';

/** What a person wants to know about a finished state, in a few words; empty if there is nothing to say. */
export function stateDetails(name: string, output: unknown): string {
  const describe = DETAILS[name];
  return describe ? describe(output) : '';
}

const describePrepared = ({
  station,
  model_code,
}: Pick<Run | ScoringRun, 'station' | 'model_code'>): string =>
  `station ${station.id}, ${shownStationName(station.name, station.synthetic)}: ${model_code}`;

/** The summary has all. */
const firstSentence = (text: string): string => text.split(/(?<=\.) (?=[A-Z])/)[0] ?? '';

const DETAILS: Record<string, (output: unknown) => string> = {
  PrepareRun: details({ run }, ({ run }) => describePrepared(run)),
  ExportStation: details({ export: stationExport }, ({ export: found }) => {
    const excluded = found.images_found - found.images;
    return `${countOf(found.images, 'photo')}${excluded ? ` (${formatCount(excluded)} left out)` : ''}, ${countOf(found.annotation_pairs, 'pair')} of ${countOf(found.annotation_sessions, 'session')}`;
  }),
  FetchObservations: details({ observations }, ({ observations: fetched }) =>
    fetched.count > 0
      ? [`${formatCount(fetched.count)} values from USGS`, fetched.note].filter(Boolean).join('. ')
      : (fetched.note ?? 'USGS has no values'),
  ),
  BuildDataset: details({ dataset }, ({ dataset: built }) =>
    built.value_source === null
      ? 'no observed values'
      : `${formatCount(built.images_with_value)} photos with an observed value (${built.value_source})`,
  ),
  SplitPairs: details(
    { split },
    ({ split: made }) =>
      `${formatCount(made.pair_splits.train)} training and ${formatCount(made.pair_splits.val)} validation pairs${made.leaked_images ? `, ${formatCount(made.leaked_images)} photos in both` : ''}`,
  ),
  WriteManifests: details(
    { manifests },
    ({ manifests: written }) =>
      `${formatCount(written.training_photos)} photos to train on, ${formatCount(written.transform_photos)} to score`,
  ),
  PlanMerge: details(
    { merge_plan: mergePlan },
    ({ merge_plan: plan }) =>
      `${formatCount(plan.batches.length)} ${plan.batches.length === 1 ? 'batch' : 'batches'}`,
  ),
  CombinePredictions: details(
    { predictions },
    ({ predictions: made }) =>
      `${formatCount(made.scored)} photos scored${made.unreadable ? `, ${formatCount(made.unreadable)} unreadable` : ''}`,
  ),
  DecidePromotion: details({ promotion }, ({ promotion: decided }) => firstSentence(decided.reason)),
  BuildReport: details({ report }, ({ report: built }) => firstSentence(built.note)),
  PrepareScoring: details({ run: scoringRun }, ({ run }) => describePrepared(run)),
  SelectPhotos: details({ selection }, ({ selection: selected }) =>
    selected.work === 'nothing'
      ? `no new photos in addition to ${formatCount(selected.images)} scored ones`
      : `${formatCount(selected.transform_photos)} new photos${selected.removed ? `, ${formatCount(selected.removed)} to be removed` : ''}`,
  ),
  SupplyCode: details(
    { supplied: suppliedModel },
    () => 'the published weights, with the code of this version',
  ),
  ExtendPredictions: details(
    { extended: extension },
    ({ extended }) =>
      `${formatCount(extended.scored)} new scores${extended.unreadable ? `, ${formatCount(extended.unreadable)} unreadable` : ''}; ${formatCount(extended.images)} in all`,
  ),
  PublishModel: details({ published: publication }, ({ published }) =>
    published.outcome === 'published' ? `models.id ${published.model_id}` : published.note,
  ),
  WithdrawPhotos: details(
    { withdrawn },
    ({ withdrawn: done }) =>
      `${formatCount(done.photos)} photos withdrawn from ${formatCount(done.files)} public files`,
  ),
};

/** A state's output is read leniently, so that a newer or older machine can be watched, too. */
function details<Shape extends z.ZodRawShape>(
  shape: Shape,
  describe: (output: z.output<z.ZodObject<Shape>>) => string,
): (output: unknown) => string {
  return (output) => {
    const parsed = z.object(shape).safeParse(output);
    return parsed.success ? describe(parsed.data) : '';
  };
}
