import {
  formatCount,
  formatInterval,
  formatShare,
  formatShareInterval,
  formatTau,
  NOT_AVAILABLE,
} from '../../formats/numbers.ts';
import type { CalibrationBin, PairAccuracy } from '../../predictions/pair-accuracy.ts';
import type { Measures } from './measures.ts';
import type { Stratum } from './strata.ts';
import { TOO_FEW, TOO_FEW_WEEKS, whereEnough } from './too-few.ts';

/** A table of texts, the same in the page as it comes and when the script fills it anew for a period. */
export type TextTable = {
  columns: readonly string[];
  /** The first cell of a row is its head. */
  rows: readonly (readonly string[])[];
};

/** Tau as it is shown: not at all where too few rows stand behind it. */
export const shownTau = ({ n, tau }: { n: number; tau: number | null }): string =>
  whereEnough(n, formatTau(tau)) ?? TOO_FEW;

/** The interval of a tau as it is shown: why there is none where the tau is shown, nothing where nobody has computed it. */
export const shownInterval = ({ n, tau, interval }: Omit<Stratum, 'id' | 'label'>): string => {
  if (interval) return formatInterval(interval);
  return interval === null && tau !== null && whereEnough(n, true) ? TOO_FEW_WEEKS : '';
};

/** How often pairs are ordered right, as the page shows it; without pairs that is not available. */
export function shownAccuracy({ n, share, interval, brier }: PairAccuracy) {
  const enough = (text: string) => (n === 0 ? text : (whereEnough(n, text) ?? TOO_FEW));
  const told = whereEnough(n, interval);
  return {
    share: enough(formatShare(share)),
    interval: told ? formatShareInterval(told) : '',
    brier: enough(formatTau(brier)),
  };
}

/** The measures of a group of photos as the page shows them, in the order of its columns. */
export function shownMeasures({ n, rho, rankError, high, low }: Measures): string[] {
  const shown = (text: string) => whereEnough(n, text) ?? TOO_FEW;
  return [
    shown(formatTau(rho)),
    shown(rankError === null ? NOT_AVAILABLE : (100 * rankError).toFixed(0)),
    shown(formatTau(high?.mean ?? null)),
    shown(formatTau(low?.mean ?? null)),
    formatCount(n),
  ];
}

export const strataTable = (strata: readonly Stratum[]): TextTable => ({
  columns: ['Photos', 'n', 'tau', '95 %'],
  rows: strata.map(({ label, n, tau, interval }) => [
    label,
    formatCount(n),
    shownTau({ n, tau }),
    shownInterval({ n, tau, interval }),
  ]),
});

export const calibrationTable = (bins: readonly CalibrationBin[]): TextTable => ({
  columns: ['Confidence', 'Pairs', 'Mean confidence', 'Annotator agrees', '95 %'],
  rows: bins.map(({ from, to, n, confidence, agreed, interval }) => [
    `${from.toFixed(1)} – ${to.toFixed(1)}`,
    formatCount(n),
    whereEnough(n, formatTau(confidence)) ?? TOO_FEW,
    whereEnough(n, formatTau(agreed)) ?? TOO_FEW,
    formatInterval(whereEnough(n, interval)),
  ]),
});
