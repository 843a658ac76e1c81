/**
 * Tries faults in a process of its own: told its `Task` as JSON in its argument, it sends a `Result` for each trial that it comes
 * to, then null, and ends.
 */
import { startUsgs, type UsgsFeature } from '../../local/usgs.ts';
import { openWorkplace } from '../interleavings/workplace.ts';
import { type Disturbance, Edge } from './edge.ts';
import type { TaskState } from './states.ts';
import { GAGE, type Outcome, type Trial, Trials } from './trial.ts';

export type Task = {
  trials: Trial[];
  /** States that meet a fault at each of their commands to S3, of which this process takes every `of`th. */
  commands: { states: TaskState[]; first: number; of: number };
  limitMs: number;
};
export type Result = { trial: Trial; outcome: Outcome | null; failure: string | null };

/** Far more than a trial takes on a machine with other work. */
const TRIAL_LIMIT_MS = 90_000;
const NO_END = `no end after ${TRIAL_LIMIT_MS} ms`;
const ERROR = 'Runtime.ExitError';

async function* allTrials({ trials, commands }: Task, work: Trials): AsyncGenerator<Trial> {
  yield* trials;
  const counts = new Map<TaskState, number>();
  for (const state of commands.states) counts.set(state, await work.commandsOf(state));
  for (let at = commands.first; at < Math.max(0, ...counts.values()); at += commands.of)
    for (const [state, count] of counts)
      for (const disturbance of at < count ? disturbancesAt(at) : [])
        yield { state, fault: faultOf(disturbance), where: at / count, lasts: false, disturbance };
}

const disturbancesAt = (at: number): Disturbance[] => [
  { kind: 'S3 lost', at },
  { kind: 'answer of S3 lost', at },
  { kind: 'S3 asked twice', at },
  { kind: 'killed before', at, error: ERROR },
  { kind: 'killed after', at, error: ERROR },
];

const faultOf = ({ kind }: Disturbance): Trial['fault'] =>
  kind.startsWith('killed') ? 'killed' : kind === 'S3 lost' ? kind : 'S3 unheard';

async function settle(trial: Trial, work: Trials): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(NO_END)), TRIAL_LIMIT_MS);
  try {
    return { trial, outcome: await Promise.race([work.try(trial), late]), failure: null };
  } catch (error) {
    return { trial, outcome: null, failure: String((error as Error).stack) };
  } finally {
    clearTimeout(timer);
  }
}

/** One value an hour for the days of the photos. */
const recordings = (): UsgsFeature[] =>
  Array.from({ length: 30 * 24 }, (_, hour) => ({
    type: 'Feature',
    properties: {
      time_series_id: 'flow',
      monitoring_location_id: `USGS-${GAGE}`,
      parameter_code: '00060',
      time: new Date(Date.UTC(2026, 2, 25, hour)).toISOString(),
      value: String(50 + (hour % 17)),
      unit_of_measure: 'ft^3/s',
      approval_status: 'Approved',
      qualifier: null,
    },
  }));

if (import.meta.main) {
  process.once('disconnect', () => process.exit(1));
  const task = JSON.parse(process.argv[2] as string) as Task;
  process.env.USGS_API_URL = (await startUsgs({ recordings: recordings() })).endpoint;
  const work = new Trials(await openWorkplace(), await Edge.open());
  const deadline = Date.now() + task.limitMs;
  for await (const trial of allTrials(task, work)) {
    if (Date.now() > deadline) break;
    const result = await settle(trial, work);
    process.send?.(result);
    // What has no end may still meet the next one.
    if (result.failure?.includes(NO_END)) break;
  }
  process.send?.(null, () => process.exit(0));
}
