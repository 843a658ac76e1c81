import { STEP_MINUTES, type StreamState } from './hydrograph.ts';
import { cameraClock } from './photographs.ts';
import { randomSource } from './random.ts';

/** A row of series/FLOW_CFS.json as FPE's exporter writes it: without `value` when that is NaN, without `flag` when NULL. */
export type ObservedValue = { date: string; timestamp: string; value?: number; flag?: string };

export type DemoDataset = { uuid: string; filename: string; rows: ObservedValue[] };

const STEPS_PER_DAY = 1440 / STEP_MINUTES;

/**
 * What the station's two loggers recorded: the flow with an error of some percent, with a flag during ice, now and then an empty
 * cell, and periods of hours to days without a record.
 */
export function observeFlow(
  states: readonly StreamState[],
  seed: number,
  amountOf: (state: StreamState) => number = ({ flowCfs }) => flowCfs,
): DemoDataset[] {
  const random = randomSource(seed + 401);
  const missing = new Set<number>();
  const gaps = Math.max(2, Math.round(states.length / (24 * STEPS_PER_DAY)));
  for (let gap = 0; gap < gaps; gap++) {
    const from = random.integer(states.length);
    const steps = gap === 0 ? 5 * STEPS_PER_DAY : 2 + random.integer(STEPS_PER_DAY);
    for (let step = 0; step < Math.min(steps, states.length / 8); step++) missing.add(from + step);
  }
  const rows = states.flatMap((state, step): ObservedValue[] => {
    const measured = amountOf(state) * (1 + random.normal(0.02));
    const isBlank = random.chance(0.0015);
    const isFlagged = state.ice > 0.6 ? random.chance(0.12) : random.chance(0.001);
    if (missing.has(step)) return [];
    return [
      {
        date: cameraClock(state.time).slice(0, 10),
        timestamp: utcWithoutZone(state.time),
        ...(!isBlank && { value: Math.round(measured * 10_000) / 10_000 }),
        ...(isFlagged && { flag: state.ice > 0.6 ? 'ICE' : 'SUSPECT' }),
      },
    ];
  });
  const change = Math.floor(rows.length * 0.6);
  return [rows.slice(0, change), rows.slice(change)].map((part, index) => ({
    uuid: random.uuid(),
    filename: `mill brook flow (logger ${index + 1}).csv`,
    rows: part,
  }));
}

/** `2022-02-01 12:00:00`: UTC, as in all files of an export but images.json. */
export const utcWithoutZone = (time: number): string =>
  new Date(time).toISOString().slice(0, 19).replace('T', ' ');
