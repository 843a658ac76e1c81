import { deepStrictEqual } from 'node:assert/strict';
import type { Run } from '../../shared/execution/train-station-state.ts';
import type { Interference } from '../interleavings/gated-machines.ts';
import { Promised } from '../interleavings/promise.ts';
import { insertGoldStation, insertPhotos, type Station } from '../interleavings/station.ts';
import type { Workplace } from '../interleavings/workplace.ts';
import type { Disturbance, Edge, Usage } from './edge.ts';
import { type FaultName, interferenceOf } from './faults.ts';
import type { Machine, TaskState } from './states.ts';

/**
 * `where` in the state's work the fault happens, from 0 to 1; `disturbance` says it exactly. One that `lasts` meets each attempt
 * until the machine gives up or goes on without the state.
 */
export type Trial = {
  state: TaskState;
  fault: FaultName;
  where: number;
  lasts: boolean;
  disturbance?: Disturbance;
};

/** What came of it, in the words of the table. */
export const OUTCOMES = {
  goes: 'the execution goes on as if nothing had happened',
  retries: 'the machine runs the state again by itself',
  'goes on': 'the machine goes on without it',
  redrive: 'the execution fails; a redrive succeeds',
  yields: 'the redriven execution ends with a named error and leaves the other one’s work alone',
  '–': 'the state asks nothing of the service',
} as const;
export type Outcome = keyof typeof OUTCOMES;

/** Trainings and scorings come one after the other on a station, each replacing what was published before. */
const TRIALS_OF_A_STATION = 12;
/** Errors with which an execution may end that comes too late. */
const YIELDING = new Set([
  'ClaimLost',
  'ModelReplaced',
  'ModelCodeInUse',
  'DatasetCodeInUse',
  'ModelCodeExists',
]);
const MOST_REDRIVES = 3;

const TRAINING = {
  model_code: 'A',
  dataset_code: 'A',
  overwrite: true,
  promote: 'always',
  pretrained: false,
  min_hour: 0,
  max_hour: 23,
};

/** Of USGS; every station has it, so that there is something to fetch. */
export const GAGE = '01171100';

/** Tries faults on stations of its own, machine by machine. */
export class Trials {
  readonly #workplace: Workplace;
  readonly #edge: Edge;
  readonly #benches = new Map<Machine, Bench>();
  /** What each state asks for when all is well, by machine and work. */
  readonly #usual = new Map<string, Usage>();

  constructor(workplace: Workplace, edge: Edge) {
    this.#workplace = workplace;
    this.#edge = edge;
  }

  /** @throws Error of what is broken */
  async try(trial: Trial): Promise<Outcome> {
    const { machine } = trial.state;
    const bench = await this.#bench(trial.state);
    try {
      return trial.fault === 'overtaken'
        ? await this.#overtake(bench, trial)
        : await this.#disturb(bench, trial);
    } catch (error) {
      // Whatever is left of a station that is broken, nobody else is to stumble over it.
      this.#benches.delete(machine);
      throw error;
    }
  }

  /** How many commands to S3 a state sends. */
  async commandsOf(state: TaskState): Promise<number> {
    await this.#bench(state);
    return this.#usageOf(state).commands;
  }

  async #disturb(bench: Bench, { state, fault, where, lasts, disturbance }: Trial): Promise<Outcome> {
    await bench.prepare();
    const { machines } = this.#workplace;
    const arn = await machines.start(state.machine, bench.input(state));
    const ofRun = () => runOf(machines.resultOf(arn, firstWorkOf(state.machine)));
    const foreign = new Set<string>();
    const onKey = (key: string) => {
      const own = ofRun()?.folder;
      if (own && key.startsWith('rank/passing/') && !key.startsWith(own)) foreign.add(key);
    };
    const attempt = (work: () => Promise<unknown>, what: Disturbance | null) =>
      this.#edge.attempt(work, what, { usage: { commands: 0, messages: 0 }, onKey });
    const interference = disturbance
      ? (work: () => Promise<unknown>) => attempt(work, disturbance)
      : interferenceOf(fault as Exclude<FaultName, 'overtaken'>, state, where, this.#usageOf(state), attempt);
    let runs = 0;
    let isHeard = false;
    const watched = async (work: () => Promise<unknown>) => {
      runs += 1;
      isHeard = false;
      const answer = await (interference && (runs === 1 || lasts) ? interference(work) : attempt(work, null));
      isHeard = true;
      return answer;
    };
    await this.#finish(arn, (work) =>
      work === state.work ? watched : withStoppedJob(state, work, (run) => attempt(run, null)),
    );
    if (runs === 0) throw new Error(`the execution does not come to ${state.name}`);
    const first = await machines.describe(arn);
    await bench.requireNoWorse(arn, first.status === 'SUCCEEDED');
    for (let redrives = 0; redrives < MOST_REDRIVES; redrives++) {
      if ((await machines.describe(arn)).status === 'SUCCEEDED') break;
      await machines.redrive(arn);
      await this.#finish(arn, () => (run) => attempt(run, null));
    }
    const { status, error, cause } = await machines.describe(arn);
    deepStrictEqual({ status, error, cause }, { status: 'SUCCEEDED', error: undefined, cause: undefined });
    // No function reads or writes what another run has left in passing.
    deepStrictEqual({ arn, foreign: [...foreign] }, { arn, foreign: [] });
    const isSkipped = first.status === 'SUCCEEDED' && !isHeard;
    if (!isSkipped) await bench.requireDone(arn);
    if (!interference) return '–';
    if (first.status !== 'SUCCEEDED') return 'redrive';
    if (isSkipped) return 'goes on';
    return runs > 1 ? 'retries' : 'goes';
  }

  /** Stops an execution at the state, or within it, has another one publish, and redrives the first. */
  async #overtake(bench: Bench, { state, where }: Trial): Promise<Outcome> {
    await bench.prepare();
    const { machines } = this.#workplace;
    const arn = await machines.start(state.machine, bench.input(state));
    for (let work = machines.waitsFor(arn); work && work !== state.work; work = machines.waitsFor(arn))
      await machines.step(
        arn,
        withStoppedJob(state, work, (run) => run()),
      );
    await (where < 0.5 ? machines.stop(arn) : machines.stopDuring(arn));
    await bench.prepare();
    const other = await machines.start(state.machine, bench.input(state));
    await this.#finish(other, () => (run) => run());
    const { status, cause } = await machines.describe(other);
    deepStrictEqual({ status, cause }, { status: 'SUCCEEDED', cause: undefined });
    await bench.requireDone(other);

    const published = await bench.promised.publicState();
    await machines.redrive(arn);
    await this.#finish(arn, () => (run) => run());
    const late = await machines.describe(arn);
    await bench.requireNoWorse(arn, late.status === 'SUCCEEDED');
    if (late.status === 'SUCCEEDED') return 'redrive';
    if (!YIELDING.has(String(late.error))) throw new Error(`it ends with ${late.error}: ${late.cause}`);
    deepStrictEqual(await bench.promised.publicState(), published);
    return 'yields';
  }

  async #finish(
    arn: string,
    interferenceAt: (work: string) => (run: () => Promise<unknown>) => Promise<unknown>,
  ): Promise<void> {
    const { machines } = this.#workplace;
    for (;;) {
      const work = machines.waitsFor(arn);
      if (work === null) return;
      await machines.step(arn, interferenceAt(work));
    }
  }

  #usageOf({ machine, work }: TaskState): Usage {
    return this.#usual.get(`${machine} ${work}`) ?? { commands: 0, messages: 0 };
  }

  /** A station for trials of a machine; the first execution on it is undisturbed and shows what each state asks for. */
  async #bench(state: TaskState): Promise<Bench> {
    const known = this.#benches.get(state.machine);
    if (known && known.trials++ < TRIALS_OF_A_STATION) return known;
    const station = await insertGoldStation(this.#workplace.database, { nwis_id: GAGE });
    const bench = new Bench(this.#workplace, station, state.machine);
    this.#benches.set(state.machine, bench);
    // In whom people are found, so that those of the pairs stay: there are no more of them than a training asks for.
    await bench.addPhotos();
    if (state.machine !== 'train-station') await this.#run('train-station', bench.training());
    if (!this.#usual.has(`${state.machine} ${firstWorkOf(state.machine)}`)) {
      await bench.prepare();
      await this.#run(state.machine, bench.input(state));
    }
    return bench;
  }

  async #run(machine: Machine, input: object): Promise<void> {
    const { machines } = this.#workplace;
    const arn = await machines.start(machine, input);
    await this.#finish(arn, (work) => (run) => {
      const usage = { commands: 0, messages: 0 };
      this.#usual.set(`${machine} ${work}`, usage);
      return this.#edge.attempt(run, null, { usage, onKey: () => undefined });
    });
    const { status, error, cause } = await machines.describe(arn);
    deepStrictEqual({ status, error, cause }, { status: 'SUCCEEDED', error: undefined, cause: undefined });
  }
}

/** States that an execution comes to when somebody has stopped the job before: whose answer, and where in it. */
const AFTER_STOPPED_JOB: Record<string, { job: string; status: string }> = {
  ResumeTraining: { job: 'createTrainingJob.sync', status: 'TrainingJobStatus' },
  ResumeScoring: { job: 'createTransformJob.sync', status: 'TransformJobStatus' },
};

function withStoppedJob(state: TaskState, work: string, interference: Interference): Interference {
  const stopped = AFTER_STOPPED_JOB[state.name];
  if (stopped?.job !== work) return interference;
  return async (run) => ({ ...((await interference(run)) as object), [stopped.status]: 'Stopped' });
}

const firstWorkOf = (machine: Machine): string =>
  ({ 'train-station': 'prepareRun', 'score-station': 'prepareScoring', 'refresh-stations': 'planRefresh' })[
    machine
  ];

/** What the first state of a training or scoring has fixed. */
function runOf(result: unknown): { folder: string; model_uuid: string } | null {
  const run = result as Partial<Run> | undefined;
  if (!run?.station || !run.id) return null;
  return {
    folder: `rank/passing/${run.station.id}/${run.model_code}/${run.id}`,
    model_uuid: run.model_uuid as string,
  };
}

/** A station, and what has happened at it. */
class Bench {
  readonly #workplace: Workplace;
  readonly #station: Station;
  readonly #machine: Machine;
  readonly promised: Promised;
  readonly #hidden = new Set<number>();
  #photos = 18;
  trials = 0;
  #shown = new Set<number>();

  constructor(workplace: Workplace, station: Station, machine: Machine) {
    this.#workplace = workplace;
    this.#station = station;
    this.#machine = machine;
    this.promised = new Promised(workplace, station);
  }

  training(): object {
    return { ...TRAINING, station_id: this.#station.id };
  }

  input({ work }: TaskState): object {
    const { id } = this.#station;
    if (this.#machine === 'train-station') return this.training();
    if (this.#machine === 'score-station') return { station_id: id };
    const { model_code: _, dataset_code: _d, ...train } = TRAINING;
    const mode = work === 'trainStation' ? 'train' : 'score';
    return { station_ids: [id], mode, min_new_pairs: 0, train };
  }

  async addPhotos(): Promise<void> {
    await insertPhotos(this.#workplace.database, this.#station, this.#photos, 2);
    this.#photos += 2;
  }

  /** Something to do for every state: photos have come, and in one of those before people were found. */
  async prepare(): Promise<void> {
    const { database } = this.#workplace;
    await this.addPhotos();
    if (this.#machine !== 'train-station') {
      const { rows } = await database.query(
        `UPDATE images SET pii_on = true, updated_at = clock_timestamp()
          WHERE id = (SELECT id FROM images WHERE imageset_id = $1 AND NOT pii_on ORDER BY id DESC OFFSET 2 LIMIT 1) RETURNING id`,
        [this.#station.imageset_id],
      );
      for (const { id } of rows) this.#hidden.add(id);
    }
    this.#shown = await this.promised.scoredPhotos();
  }

  /** The website shows a whole model, and each photo that it showed before, but for those with people. */
  async requireNoWorse(arn: string, hasSucceeded: boolean): Promise<void> {
    await this.promised.requireWhole();
    await this.promised.requireNewIsNew();
    const shown = await this.promised.scoredPhotos();
    const lost = [...this.#shown].filter((id) => !shown.has(id) && !this.#hidden.has(id));
    deepStrictEqual({ arn, hasSucceeded, lost }, { arn, hasSucceeded, lost: [] });
  }

  /** Everything is done that the execution was to do. */
  async requireDone(arn: string): Promise<void> {
    await this.promised.requireFixedPlaces();
    const run = runOf(this.#workplace.machines.resultOf(arn, firstWorkOf(this.#machine)));
    if (this.#machine === 'train-station')
      deepStrictEqual(
        { arn, published: await this.promised.defaultUuid() },
        { arn, published: run?.model_uuid },
      );
    deepStrictEqual({ arn, left: await this.promised.unscoredPhotos() }, { arn, left: [] });
    if (this.#machine === 'score-station')
      for (const id of this.#hidden) await this.promised.requireWithdrawn(id);
  }
}
