import { DateTime } from 'luxon';
import { DAY_MS } from '../shared/formats/durations.ts';
import type { Photograph } from './photographs.ts';
import { type Random, randomSource } from './random.ts';

export const TIMEZONE = 'America/New_York';
const PAIRS_PER_SESSION = 98;
/** Sessions of a short station hold as many pairs as it has pairs of photos. */
const SESSIONS = ['anna', 'ben', 'anna', 'chris', 'dana', 'ben'] as const;

export type Annotator = {
  /** Standard deviation of the log10 of the flow that this person sees in a photo. */
  deviation: number;
  /** Two photos whose log10 of flow seems closer than this look the same. */
  threshold: number;
  /** Share of pairs in which the wrong button is pressed. */
  slips: number;
  /** How much more the left photo seems to show, as log10 of the flow. */
  bias?: number;
  /** How many times as often this person slips at the end of a session, beyond once. */
  fatigue?: number;
};
type Annotators = Record<(typeof SESSIONS)[number], Annotator>;
const ANNOTATORS: Annotators = {
  anna: { deviation: 0.045, threshold: 0.015, slips: 0.004 },
  ben: { deviation: 0.07, threshold: 0.035, slips: 0.012 },
  chris: { deviation: 0.1, threshold: 0.02, slips: 0.02 },
  dana: { deviation: 0.055, threshold: 0.05, slips: 0.008 },
};

const COMMENTS = [
  'hard to tell, glare on the left',
  'the "big" rock is under water on the right',
  'leaves, shadows, and low sun:\nlooked twice',
  'ice along the bank',
  'same day?',
  'line 1\nline 2, with a comma and "quotes"',
];

export type Rank = 'LEFT' | 'RIGHT' | 'SAME' | 'UNKNOWN';
/** As FPE's exporter writes one side: no attributes, one as a bare string, several as an array. */
export type Side = { imageId: number; attributes?: string | string[] };
export type DemoPair = { rank: Rank; comment?: string; left: Side; right: Side };

export type Session = {
  uuid: string;
  userId: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  durationSeconds: number;
  pairs: DemoPair[];
};

/** Hour of the day at the station, 0–23. */
const localHour = (time: number): number => DateTime.fromMillis(time, { zone: TIMEZONE }).hour;

/** The hours from which pairs are drawn: 7 to 18, both included. */
export const isDaytime = (time: number): boolean => localHour(time) >= 7 && localHour(time) <= 18;

/** Who compares photos, and by what: a number that is log10 of the flow, or varies as much. */
export type AnnotationPlan = { annotators?: Annotators; amountOf?: (photograph: Photograph) => number };

const logFlow = ({ scene }: Photograph): number => Math.log10(scene.flowCfs);

/**
 * Several people compare photos, each with a different care. The closer two flows are, the likelier is a wrong answer; ice, glare
 * or a broken file may make them answer UNKNOWN. Pairs are drawn as by the website: the photos in two random orders, side by side.
 */
export function annotate(
  photographs: readonly Photograph[],
  seed: number,
  { annotators = ANNOTATORS, amountOf = logFlow }: AnnotationPlan = {},
): Session[] {
  const random = randomSource(seed + 501);
  const pool = photographs.filter(({ failed, person, scene }) => !failed && !person && isDaytime(scene.time));
  const users = new Map(Object.keys(ANNOTATORS).map((name) => [name, random.uuid()]));
  const last = photographs.reduce((latest, { scene }) => Math.max(latest, scene.time), 0);
  return SESSIONS.map((name, index) => {
    const lefts = random.shuffle(pool);
    const rights = random.shuffle(pool);
    const pairs = lefts
      .map((left, place) => [left, rights[place] as Photograph] as const)
      .filter(([left, right]) => left.id !== right.id)
      .slice(0, PAIRS_PER_SESSION)
      .map(([left, right], place) => {
        const { fatigue = 0, ...annotator } = annotators[name];
        const slips = annotator.slips * (1 + (fatigue * place) / PAIRS_PER_SESSION);
        return compare(left, right, { ...annotator, slips }, amountOf, random);
      });
    return {
      uuid: random.uuid(),
      userId: users.get(name) as string,
      createdAt: last + (5 + index * 9) * DAY_MS + random.integer(8 * 3600) * 1000,
      durationSeconds: pairs.length * random.uniform(4, 9),
      pairs,
    };
  });
}

function compare(
  left: Photograph,
  right: Photograph,
  annotator: Annotator,
  amountOf: (photograph: Photograph) => number,
  random: Random,
): DemoPair {
  const seen = (photograph: Photograph) =>
    amountOf(photograph) + random.normal(annotator.deviation * troubleOf(photograph));
  const difference = seen(left) - seen(right) + (annotator.bias ?? 0);
  let rank: Rank = difference > 0 ? 'LEFT' : 'RIGHT';
  if (Math.abs(difference) < annotator.threshold) rank = 'SAME';
  if (rank !== 'SAME' && random.chance(annotator.slips)) rank = rank === 'LEFT' ? 'RIGHT' : 'LEFT';
  const [leftAttributes, rightAttributes] = [attributesOf(left, random), attributesOf(right, random)];
  // The website answers UNKNOWN for bad or frozen photos, unless a person insists.
  const hidden = [...leftAttributes, ...rightAttributes].some((name) => name === 'BAD' || name === 'ICE');
  if (hidden && random.chance(0.9)) rank = 'UNKNOWN';
  return {
    rank,
    ...(random.chance(0.06) && { comment: random.pick(COMMENTS) }),
    left: side(left.id, leftAttributes, random),
    right: side(right.id, rightAttributes, random),
  };
}

/** Ice, fog and bad light make a photo harder to read. */
const troubleOf = ({ scene, gray }: Photograph): number =>
  1 + 1.2 * scene.ice + scene.fog + (scene.exposure > 2 ? 1.5 : 0) + (gray ? 0.3 : 0);

function attributesOf({ scene, defect }: Photograph, random: Random): string[] {
  const attributes: string[] = [];
  if (scene.ice > 0.9) attributes.push('ICE');
  else if (scene.ice > 0.2 && random.chance(0.8)) attributes.push('ICE_PARTIAL');
  const unreadable = defect === 'empty' || defect === 'text';
  if (unreadable || (scene.exposure > 2 && random.chance(0.5))) attributes.push('BAD');
  return attributes;
}

function side(imageId: number, attributes: string[], random: Random): Side {
  if (attributes.length === 1) return { imageId, attributes: attributes[0] as string };
  if (attributes.length === 0 && random.chance(0.05)) return { imageId };
  return { imageId, attributes };
}
