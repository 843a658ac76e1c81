import { requireVariable } from '../execution/run.ts';
import { DATABASE_LIMITS, withDatabase } from '../fpe-database/connection.ts';
import { findDefaultModels } from '../fpe-database/model-rows.ts';
import { stationHistories, stationIds, stationPeople } from '../fpe-database/station-histories.ts';
import { type RefreshInput, stationRules } from '../inputs/refresh-stations.ts';
import { parseRunInput, type RunInput } from '../inputs/train-station.ts';
import { formerImagesets, readPeopleRecords, stationsWithPeopleLeft } from '../model-bucket/people-left.ts';
import { readScoredUntil } from '../model-bucket/scored-until.ts';
import { readTrainedUntil } from '../model-bucket/trained-until.ts';
import { neededPairs } from '../model-input/pair-split.ts';
import { planRefresh, type RefreshDecision, type RefreshRules } from '../refresh/plan.ts';
import { VARIABLES } from '../variables.ts';

/** What a refresh of these settings does with each station at this instant, by what database and model bucket hold. */
export async function decideRefresh(settings: RefreshInput, now: Date): Promise<RefreshDecision[]> {
  const { ids, wanted, models } = await withDatabase(async (database) => {
    const ids = settings.station_ids ?? allStations(settings, await stationIds(database));
    const wanted = ids.map((station_id) => {
      const { model_type, variable_code } = stationRules(settings, station_id);
      const { annotation } = VARIABLES[requireVariable(variable_code)];
      return { station_id, model_type, variable_code, annotation_variable: annotation };
    });
    const kinds = wanted.map(({ station_id, model_type, variable_code }) => ({
      station_id,
      model_type_id: model_type,
      variable_id: variable_code,
    }));
    return { ids, wanted, models: await findDefaultModels(database, kinds) };
  }, DATABASE_LIMITS.manyRows);
  const scoredUntil = await readScoredUntil(models);
  const trainedUntil = await readTrainedUntil(wanted);
  const records = await readPeopleRecords(ids);
  const { people, histories } = await withDatabase(
    async (database) => ({
      people: await stationPeople(database, ids, formerImagesets(records)),
      histories: await stationHistories(database, wanted, models, scoredUntil, trainedUntil),
    }),
    DATABASE_LIMITS.manyRows,
  );
  const peopleLeft = stationsWithPeopleLeft(people, records);
  const rulesOf = (id: number): RefreshRules => {
    const rules = stationRules(settings, id);
    const { train_frac, annotations_max_n } = trainingOf(settings, id);
    return {
      ...rules,
      needed_pairs: neededPairs(train_frac),
      most_pairs: annotations_max_n ?? Number.POSITIVE_INFINITY,
    };
  };
  const settled = { max_training_jobs: settings.max_training_jobs, now };
  return planRefresh(
    histories.map((history) => ({ ...history, people_left: peopleLeft.get(history.station_id) ?? null })),
    rulesOf,
    settled,
  );
}

/** All stations, and those that only the rules name and the database does not have, so that a slip is told. */
function allStations({ stations }: RefreshInput, known: readonly number[]): number[] {
  const isKnown = new Set(known);
  const named = Object.keys(stations).map(Number);
  return [...known, ...named.filter((id) => !isKnown.has(id))];
}

/** The input of a station's training, with its defaults. */
export const trainingOf = (settings: RefreshInput, station_id: number): RunInput =>
  parseRunInput({ ...settings.train, ...stationRules(settings, station_id).own, station_id });
