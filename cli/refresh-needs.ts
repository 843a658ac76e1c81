import { enumerate } from '../shared/fpe-database/import/enumerate.ts';
import { parseRefreshInput, type RefreshInput } from '../shared/inputs/refresh-stations.ts';
import { decideRefresh, trainingOf } from '../shared/station-models/refresh-decisions.ts';
import { describeStations, unknownAmong } from './known-stations.ts';
import { LOCAL_QUESTIONS } from './local-needs.ts';
import { UsageError } from './usage-error.ts';

/** What is asked of the local stack. */
const QUESTIONS = {
  ...LOCAL_QUESTIONS,
  decide: decideRefresh,
  now: (): Date => new Date(),
};

/** Commands that start a refresh with what is missing. */
type NextSteps = {
  /** Trains without ImageNet weights. */
  without: string;
  /** Scores alone. */
  scoring: string;
};

/**
 * What a refresh needs and a local stack may lack, before it starts: its stations, and ImageNet weights if it would train with them now.
 *
 * @param where names what the input came from, in messages
 * @throws UsageError with what to do
 */
export async function requireRefreshNeeds(
  input: Record<string, unknown>,
  where: string,
  next: NextSteps,
  { stations, hasWeights, decide, now }: Omit<typeof QUESTIONS, 'annotated'> = QUESTIONS,
): Promise<void> {
  const settings = parseRefreshInput(input);
  const known = await stations();
  const named = [...(settings.station_ids ?? []), ...Object.keys(settings.stations).map(Number)];
  const unknown = unknownAmong([...new Set(named)], known);
  if (unknown.length > 0)
    throw new UsageError(
      `${where} names ${unknown.length === 1 ? 'a station' : 'stations'} that the local stack does not have: ${enumerate(unknown.map(String))}. ${describeStations(known)}`,
    );
  if (settings.dry_run || !mayTrain(settings) || (await hasWeights())) return;
  const trained = (await decide(settings, now())).filter(
    ({ station_id, action }) => action === 'train' && startsFromImageNet(settings, station_id),
  );
  if (trained.length === 0) return;
  const ids = enumerate(trained.map(({ station_id }) => String(station_id)));
  throw new UsageError(
    `The local stack has no ImageNet weights, and this refresh would train with them at ${trained.length === 1 ? 'station' : 'stations'} ${ids}. Supply them once with: ./fpe weights. Or train without them: ${next.without}. To score new photos alone: ${next.scoring}`,
  );
}

function startsFromImageNet(settings: RefreshInput, station_id: number): boolean {
  const { pretrained, start_from } = trainingOf(settings, station_id);
  return pretrained && !start_from;
}

/** Whether it is worth asking database and model bucket what would be trained. */
function mayTrain({ mode, max_training_jobs, stations }: RefreshInput): boolean {
  const modes = [mode, ...Object.values(stations).map(({ mode: own }) => own ?? mode)];
  return max_training_jobs > 0 && modes.some((each) => each !== 'score');
}
