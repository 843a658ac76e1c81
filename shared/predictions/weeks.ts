import { DAY_MS } from '../formats/durations.ts';
import type { ScoredDays } from './scored-photos.ts';

/**
 * Number of the week of a wall-clock instant: rows of a week are drawn together, as photos of a day are alike, and so is the water,
 * and how far the scores are off, from one day to the next. Drawn by days, intervals of 95 % hold the truth in half to three quarters
 * of the stations whose flow takes weeks to fall; by weeks, in two thirds to nine tenths (docs/report.md).
 */
export const weekOf = (wallMs: number): number => Math.floor(wallMs / (7 * DAY_MS));

export const weeksOfDays = ({ dates }: ScoredDays): number[] => dates.map((date) => weekOf(Date.parse(date)));

/**
 * Of photos of fewer weeks, 95 % intervals of tau hold the truth too rarely: of three weeks in 64 to 84 of 100 cases where flow and
 * errors last for a week at most, of eight in 83 to 93, which further weeks hardly raise (`benchmarks/interval-coverage.ts`).
 */
export const LEAST_WEEKS = 8;
