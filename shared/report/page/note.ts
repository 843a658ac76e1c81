import { countOf, formatCount, formatInterval, formatTau } from '../../formats/numbers.ts';
import type { ReportData } from '../data/report-data.ts';
import { LEAST_ROWS, TOO_FEW_WEEKS } from '../data/too-few.ts';
import { type KnownTau, PAPER_MEDIANS, unseenPhotos } from '../data/unseen.ts';

type Noted = Pick<ReportData, 'agreement' | 'intervals' | 'strata' | 'photos' | 'variable'>;

/** How well scores and observed values agree, in a few sentences; for the notification and the command line. */
export function agreementNote(data: Noted & Pick<ReportData, 'smoothed'>): string {
  const { all, hasSeasons, best, worst, high, within, after } = unseenPhotos(data);
  // Of parts, too few weeks are said where they are not those of the whole.
  const ofPart = (part: KnownTau) => (all?.interval ? tauPhrase(part) : valueAndCount(part));
  const { noun } = data.variable;
  const phrases = [
    hasSeasons && !best ? 'which season is best and which worst cannot be told' : '',
    best && worst ? `in the best season, ${best.label}, ${ofPart(best)}` : '',
    best && worst ? `in the worst, ${worst.label}, ${ofPart(worst)}` : '',
    high ? `in the highest tenth of observed ${noun} ${ofPart(high)}` : '',
    within ? `within the annotation period ${ofPart(within)}` : '',
    after ? `after ${within ? 'it' : 'the annotation period'} ${ofPart(after)}` : '',
  ].filter((phrase) => phrase !== '');
  const paper =
    within || after
      ? ` The method’s paper (doi 10.5194/hess-29-6445-2025) found medians of ${PAPER_MEDIANS.within.toFixed(2)} within and ${PAPER_MEDIANS.after.toFixed(2)} after.`
      : '';
  const parts = phrases.join('; ');
  return `${leadSentence(data)}${smoothedSentence(data)}${parts ? ` Of these photos: ${parts}.` : ''}${paper}`;
}

/** Where the run smooths the scores, and their own tau is told. */
function smoothedSentence(data: Noted & Pick<ReportData, 'smoothed'>): string {
  const tau = data.smoothed?.agreement['test-all'].tau ?? null;
  if (data.smoothed === null || tau === null || !unseenPhotos(data).all) return '';
  return ` Smoothed with a standard deviation of ${data.smoothed.hours} h, the scores agree with a tau of ${formatTau(tau)}.`;
}

/** How well the model does on photos that it has not seen, in one sentence; for the head of the report. */
export function leadSentence(data: Noted): string {
  const { agreement, photos, variable } = data;
  const { overall } = agreement.photos;
  const observed = `observed ${variable.noun}`;
  if (photos.values.every(Number.isNaN))
    return 'There are no observed values at this station to compare the scores with.';
  if (overall.tau === null)
    return `The scores cannot be compared with ${observed}: ${
      overall.n < 2
        ? `${countOf(overall.n, 'photo')} with both, two are needed.`
        : `all ${countOf(overall.n, 'photo')} with both have the same value or the same score.`
    }`;
  const { all, n } = unseenPhotos(data);
  if (all) return `On photos that the model has not seen, ${tauSentence(all, observed)}.`;
  const seen =
    overall.n < LEAST_ROWS
      ? ''
      : ` Over all ${countOf(overall.n, 'photo')}, those that it has seen included, tau is ${formatTau(overall.tau)}, which tells little of others.`;
  return n < LEAST_ROWS
    ? `How well the model does on photos that it has not seen, ${countOf(n, 'photo')} with a score and ${observed} ${n === 1 ? 'is' : 'are'} too few to tell.${seen}`
    : `How well the model does on photos that it has not seen cannot be told: all ${formatCount(n)} have the same value or the same score.${seen}`;
}

/** What a tau says of scores and observed values, which its interval decides: where it holds 0, neither agreement nor the opposite. */
function tauSentence(known: KnownTau, observed: string): string {
  const { interval } = known;
  const tau = tauPhrase(known, '95 % interval ');
  if (!interval) return `Kendall tau of scores and ${observed} is ${tau}`;
  // As they are shown: an end that reads 0.00 is none that lies beyond 0.
  const [low, high] = [interval.low, interval.high].map((end) => Number(formatTau(end))) as [number, number];
  if (low > 0) return `scores and ${observed} agree with a Kendall tau of ${tau}`;
  if (high < 0) return `scores and ${observed} run against each other: their Kendall tau is ${tau}`;
  return `it cannot be told whether scores and ${observed} agree: their Kendall tau is ${tau}`;
}

/** e.g. 0.67 (n 60) */
const valueAndCount = ({ tau, n }: KnownTau): string => `${formatTau(tau)} (n ${formatCount(n)})`;

/** e.g. 0.67 (0.61 – 0.72, n 1,234) or 0.67 (too few weeks for an interval, n 60); `what` says once what the interval is */
const tauPhrase = ({ tau, interval, n }: KnownTau, what = ''): string =>
  `${formatTau(tau)} (${interval ? `${what}${formatInterval(interval)}` : `${TOO_FEW_WEEKS} for an interval`}, n ${formatCount(n)})`;
