import { DAY_MS } from '../formats/durations.ts';
import { countOf, formatCount } from '../formats/numbers.ts';
import type { RefreshInput } from '../inputs/refresh-stations.ts';

/** What the database says about a station and the variable that it is refreshed for. */
export type StationHistory = {
  station_id: number;
  /** Null if there is no such station. */
  station_name: string | null;
  synthetic?: boolean | undefined;
  /** The default model, with which photos are scored; null if there is none. */
  model: { code: string; scored_until: Date } | null;
  /** Database snapshot of the newest training, even if its model was not promoted: training on the same pairs again would not help. */
  trained_at: Date | null;
  /** Pairs of finished annotation sessions without a flag; `new_pairs` are those of sessions that began after the training. */
  pairs: number;
  new_pairs: number;
  /** Photos that were uploaded or processed after new photos were last looked for to be scored with the model. */
  new_photos: number;
  /** Photos that show people or vehicles and that public files may still name, and the newest model; null where there are none. */
  people_left: { photos: number; code: string } | null;
};

export type RefreshRules = Pick<RefreshInput, 'mode' | 'min_new_pairs' | 'max_model_age_days'> & {
  /** Of the pairs and of the model. */
  variable_code: string;
  /** Pairs without which a training ends at once, and how many its input lets it take. */
  needed_pairs: number;
  most_pairs: number;
};

export const REFRESH_ACTIONS = ['train', 'score', 'nothing'] as const;
export type RefreshAction = (typeof REFRESH_ACTIONS)[number];

/** What a refresh does with a station, and why, in one sentence. */
export type RefreshDecision = {
  station_id: number;
  station_name: string | null;
  /** Whether a program made it up. */
  synthetic?: boolean | undefined;
  action: RefreshAction;
  reason: string;
  /** Model that a station without a default one is scored with, as photos have to be withdrawn. */
  model_code?: string | undefined;
};

/** Stations that one refresh works on: its state and history stay far below the limits of Step Functions. */
export const MAX_STATIONS_AT_WORK = 400;

/**
 * Decides for each station, in their order.
 *
 * Trainings are granted to those with the most new pairs first, up to `max_training_jobs`; a station that gets none is
 * scored if it has new photos.
 *
 * @param rulesOf rules that hold for a station
 * @param now instant of the plan
 */
export function planRefresh(
  histories: readonly StationHistory[],
  rulesOf: (stationId: number) => RefreshRules,
  { max_training_jobs, now }: { max_training_jobs: number; now: Date },
): RefreshDecision[] {
  const wanted = histories.map((history) => ({
    history,
    training: possibleTraining(history, rulesOf(history.station_id), now),
    scoring: reasonToScore(history, rulesOf(history.station_id)),
  }));
  const trained = new Set(
    wanted
      .filter(({ training }) => training.yes)
      .sort(
        (a, b) => b.history.new_pairs - a.history.new_pairs || a.history.station_id - b.history.station_id,
      )
      .slice(0, max_training_jobs)
      .map(({ history }) => history.station_id),
  );
  const decisions = wanted.map(({ history, training, scoring }): RefreshDecision => {
    const { station_id, station_name, synthetic } = history;
    const decide = (action: RefreshAction, reason: string) => ({
      station_id,
      station_name,
      ...(synthetic && { synthetic }),
      action,
      reason,
    });
    if (station_name === null) return decide('nothing', `There is no station ${station_id} in the database.`);
    if (trained.has(station_id)) return decide('train', training.reason);
    const waits = training.yes ? ` Its training waits: max_training_jobs is ${max_training_jobs}.` : '';
    if (scoring.yes) return decide('score', scoring.reason + waits);
    const { people_left: left, model } = history;
    // Photos of people are withdrawn whatever the refresh does otherwise.
    if (left)
      return {
        ...decide('score', peopleReason(left.photos) + waits),
        ...(!model && { model_code: left.code }),
      };
    if (training.yes) return decide('nothing', training.reason + waits);
    return decide('nothing', idleReason(rulesOf(station_id).mode, training.reason, scoring.reason));
  });
  return withinLimit(decisions);
}

type Reason = { yes: boolean; reason: string };
const yes = (reason: string): Reason => ({ yes: true, reason });
const no = (reason: string): Reason => ({ yes: false, reason });

/** A training that would end at once for want of pairs is no plan. */
function possibleTraining(history: StationHistory, rules: RefreshRules, now: Date): Reason {
  const training = reasonToTrain(history, rules, now);
  const { pairs, trained_at } = history;
  const { needed_pairs: needed, most_pairs: most } = rules;
  if (!training.yes || Math.min(pairs, most) >= needed) return training;
  const taken =
    pairs >= needed
      ? `annotations_max_n takes ${formatCount(most)} of its pairs`
      : trained_at === null
        ? null
        : `It has ${formatCount(pairs)} in all`;
  return no(
    `${training.reason} ${taken === null ? 'A' : `${taken}, and a`} training needs ${formatCount(needed)}.`,
  );
}

function reasonToTrain(history: StationHistory, rules: RefreshRules, now: Date): Reason {
  const { pairs, new_pairs, trained_at, station_name } = history;
  if (station_name === null || rules.mode === 'score') return no('');
  if (pairs === 0) return no(`It has no annotation pairs for ${rules.variable_code}.`);
  if (trained_at === null)
    return pairs >= rules.min_new_pairs
      ? yes(`It has no model yet and ${countOf(pairs, 'annotation pair')}.`)
      : no(`It has no model yet and only ${countOf(pairs, 'annotation pair')} of ${rules.min_new_pairs}.`);
  const since = `since the training of ${dayOf(trained_at)}`;
  if (new_pairs >= rules.min_new_pairs)
    return yes(`It has ${countOf(new_pairs, 'new annotation pair')} ${since}.`);
  const ageDays = Math.floor((now.getTime() - trained_at.getTime()) / DAY_MS);
  if (new_pairs > 0 && ageDays > rules.max_model_age_days)
    return yes(`Its model is ${formatCount(ageDays)} days old and there ${newPairs(new_pairs)}.`);
  return no(`It has ${countOf(new_pairs, 'new annotation pair')} of ${rules.min_new_pairs} ${since}.`);
}

function reasonToScore({ model, new_photos, station_name }: StationHistory, rules: RefreshRules): Reason {
  if (station_name === null || rules.mode === 'train') return no('');
  if (model === null) return no(`It has no default model of ${rules.variable_code} to score with.`);
  const since = `since ${model.code} last scored on ${dayOf(model.scored_until)}`;
  if (new_photos > 0) return yes(`It has ${countOf(new_photos, 'new photo')} ${since}.`);
  return no(`It has no new photos ${since}.`);
}

const peopleReason = (photos: number): string =>
  `People or vehicles are in ${countOf(photos, 'photo')} that published files may name; these are to go.`;

/** If a station has no model, it is enough to say that it lacks pairs. */
const idleReason = (mode: RefreshRules['mode'], training: string, scoring: string): string =>
  mode === 'auto' && scoring.startsWith('It has no default model')
    ? training
    : [training, scoring].filter(Boolean).join(' ');

/** Keeps as many decisions as one refresh may carry out, trainings before scorings; the others wait for the next refresh. */
function withinLimit(decisions: RefreshDecision[]): RefreshDecision[] {
  const kept = new Set(
    (['train', 'score'] as const)
      .flatMap((action) => decisions.filter((decision) => decision.action === action))
      .slice(0, MAX_STATIONS_AT_WORK),
  );
  return decisions.map((decision) =>
    decision.action === 'nothing' || kept.has(decision)
      ? decision
      : {
          ...decision,
          action: 'nothing',
          reason: `${decision.reason} It waits: one refresh works on ${MAX_STATIONS_AT_WORK} stations.`,
        },
  );
}

const newPairs = (n: number): string =>
  n === 1 ? 'is a new annotation pair' : `are ${countOf(n, 'new annotation pair')}`;
const dayOf = (instant: Date): string => instant.toISOString().slice(0, 10);
