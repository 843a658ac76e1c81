/** How observed values are placed on an axis. */
export type ValueScale = {
  isLog: boolean;
  /** Place on the axis; NaN stays NaN. On a logarithmic axis, what is zero lies on its lowest line (Q-R6). */
  place(value: number): number;
  /** The other way round from `place`. */
  value(place: number): number;
  /** Value at a place, in words for the axis. */
  label(place: number): string;
  /** Ends of an axis that holds all values. */
  range: [number, number];
  /** Places of labels and lines. */
  ticks(count: number): number[];
};

const number = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
export const formatValue = (value: number): string => (Number.isNaN(value) ? 'NA' : number.format(value));

/**
 * Logarithmic where values spread over more than a factor of three and none is negative; linear otherwise, as with stage
 * or snow below a datum.
 *
 * @param values NaN is missing
 */
export function valueScale(values: Float64Array): ValueScale {
  let [least, leastPositive, most] = [
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
    if (value > 0) leastPositive = Math.min(leastPositive, value);
  }
  if (most === Number.NEGATIVE_INFINITY) return linearScale(0, 1);
  if (least < 0 || most <= 0 || most < 3 * Math.max(least, leastPositive)) return linearScale(least, most);
  return logScale(least, leastPositive, most);
}

function linearScale(least: number, most: number): ValueScale {
  const margin = (most - least || Math.abs(most) || 1) * 0.04;
  const [from, to] = [least >= 0 && least - margin < 0 ? 0 : least - margin, most + margin];
  return {
    isLog: false,
    place: (value) => value,
    value: (place) => place,
    label: formatValue,
    range: [from, to],
    ticks: (count) => linearTicks(from, to, count),
  };
}

/** Round numbers alone: those of the ends would lie on their neighbors. */
function linearTicks(from: number, to: number, count: number): number[] {
  const step = roundStep((to - from) / count);
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

function logScale(least: number, leastPositive: number, most: number): ValueScale {
  // A line of its own below the smallest positive value, for zero.
  const lowest = Math.log10(leastPositive);
  const floor = least > 0 ? lowest - 0.04 : lowest - 0.4;
  const top = Math.log10(most) + 0.04;
  return {
    isLog: true,
    place: (value) => (Number.isNaN(value) ? value : value <= 0 ? floor : Math.log10(value)),
    value: (place) => (least <= 0 && place === floor ? 0 : Number((10 ** place).toPrecision(12))),
    label: (place) => (least <= 0 && place === floor ? '0' : formatValue(10 ** place)),
    range: [floor, top],
    ticks: (count) => [...(least <= 0 ? [floor] : []), ...logTicks(lowest - 0.04, top, count)],
  };
}

/** Powers of ten, with 2 and 5 between them where there is room. */
function logTicks(from: number, to: number, count: number): number[] {
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const ticks: number[] = [];
    for (let power = Math.floor(from); power <= to; power++)
      for (const step of steps) {
        const tick = power + Math.log10(step);
        if (tick > from && tick < to) ticks.push(tick);
      }
    if (ticks.length <= count) return ticks;
  }
  const every = Math.ceil((to - from) / count);
  return Array.from({ length: count + 1 }, (_, index) => (Math.ceil(from / every) + index) * every).filter(
    (tick) => tick > from && tick < to,
  );
}

/** Least and most; infinite the wrong way round of nothing. */
export function extentOf(numbers: Float64Array): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const number of numbers) {
    if (Number.isNaN(number)) continue;
    least = Math.min(least, number);
    most = Math.max(most, number);
  }
  return [least, most];
}

/** Ends and steps of an axis that holds all numbers: multiples of 1, 2 or 5 times a power of ten. */
export function roundAxis(numbers: Float64Array): { min: number; max: number; interval: number } {
  const [least, most] = extentOf(numbers);
  if (least > most) return { min: 0, max: 1, interval: 0.5 };
  const interval = roundStep(Math.max(most - least || 1, 1e-9) / 5);
  return {
    min: Math.floor(least / interval) * interval,
    max: Math.ceil(most / interval) * interval,
    interval,
  };
}

/** The least of 1, 2 and 5 times a power of ten that is not less. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((step) => step * power >= rough) ?? 10);
}

/** Axis of Kendall tau from below the lowest to 1, in steps of which one is 0. @param lowest −1 … 0 */
export function tauAxis(lowest: number): { min: number; max: number; interval: number } {
  const interval = lowest < -0.5 ? 0.5 : 0.25;
  return { min: Math.max(-1, Math.floor(lowest / interval) * interval), max: 1, interval };
}
