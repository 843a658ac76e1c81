import { LOCAL_STAGE_NAME, readStage } from '../config/stage.ts';
import { setting } from '../shared/aws/configuration.ts';
import { findSize } from '../shared/aws/object-store.ts';
import { DATABASE_LIMITS, withDatabase } from '../shared/fpe-database/connection.ts';
import { type AnnotatedVariable, findAnnotatedVariables } from '../shared/fpe-database/stations.ts';
import type { MachineKind } from '../shared/inputs/machines.ts';
import { runInput } from '../shared/inputs/train-station.ts';
import { neededPairs } from '../shared/model-input/pair-split.ts';
import { DEFAULT_VARIABLE, findVariable, variableOfAnnotation } from '../shared/variables.ts';
import { describeStations, knownStations } from './known-stations.ts';
import { UsageError } from './usage-error.ts';

/** Annotation pairs that a training can divide, at the usual share. */
export const LEAST_PAIRS = neededPairs(runInput.shape.train_frac.parse(undefined));

/** Whether the local stack has something where the ImageNet weights belong. */
export async function hasLocalWeights(): Promise<boolean> {
  const location = { bucket: setting('MODEL_BUCKET'), key: readStage(LOCAL_STAGE_NAME).weightsKey };
  return (await findSize(location)) !== null;
}

/** What is asked of the local stack. */
export const LOCAL_QUESTIONS = {
  hasWeights: hasLocalWeights,
  stations: knownStations,
  annotated: (stationId: number): Promise<AnnotatedVariable[]> =>
    withDatabase((database) => findAnnotatedVariables(database, stationId), DATABASE_LIMITS.byHand),
};
export type LocalQuestions = typeof LOCAL_QUESTIONS;

/** Commands that bring what is missing. */
type NextSteps = {
  /** Starts the same training without ImageNet weights. */
  without: string;
  supply?: string;
  /** Loads a station, or more of one. */
  load?: string;
};

/**
 * What an input needs and a local stack may lack, before anything starts: on AWS the machine's first function finds it, here a person
 * sits before the stack and can supply it.
 *
 * @throws UsageError with what to do
 */
export async function requireLocalNeeds(
  kind: Exclude<MachineKind, 'refresh-stations'>,
  input: Record<string, unknown>,
  { without, supply = './fpe weights', load = './fpe import FOLDER' }: NextSteps,
  { hasWeights, stations, annotated }: LocalQuestions = LOCAL_QUESTIONS,
): Promise<void> {
  const known = await stations();
  if (!known.some(({ id }) => id === input.station_id))
    throw new UsageError(
      `The local stack has no station ${input.station_id}. ${describeStations(known, { load })}`,
    );
  if (kind === 'score-station') return;
  await requireAnnotations(input, annotated, load);
  if (input.pretrained !== false && !input.start_from && !(await hasWeights()))
    throw new UsageError(
      `The local stack has no ImageNet weights, which trainings start from. Supply them once with: ${supply}. Or train without them: ${without}`,
    );
}

/** @throws UsageError for a station whose photos nobody has compared by the variable */
async function requireAnnotations(
  { station_id, variable_code = DEFAULT_VARIABLE }: Record<string, unknown>,
  annotated: LocalQuestions['annotated'],
  load: string,
): Promise<void> {
  const wanted = findVariable(String(variable_code))?.annotation;
  const found = await annotated(Number(station_id));
  if (wanted === undefined || found.some(({ variable }) => variable === wanted)) return;
  const others = found.flatMap(({ variable }) => variableOfAnnotation(variable) ?? []);
  throw new UsageError(
    `Station ${station_id} has no finished annotation sessions for ${variable_code}, which a training learns from. ${
      others.length > 0
        ? `It has some for ${others.join(', ')}: set variable_code in the input`
        : `Compare pairs of its photos, on FPE’s website or as docs/stations.md says, then load them with: ${load}`
    }.`,
  );
}
