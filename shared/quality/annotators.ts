import { countOf, formatCount, formatShare } from '../formats/numbers.ts';
import { wilsonInterval } from '../statistics/wilson-interval.ts';
import {
  type CheckResult,
  type Example,
  type Finding,
  type FormatTime,
  findingOf,
  type NotedPhoto,
} from './finding.ts';

/** A decision of an annotator. Annotators are numbered from 1; reports name them by these numbers (Q-P8). */
export type Decision = { annotator: number; left: number; right: number; rank: 'LEFT' | 'RIGHT' | 'SAME' };

/**
 * A decision is reported if so many third photos contradict it and none agrees. Between two photos that look alike, each third photo
 * contradicts or agrees by chance, so that three of three contradict once in eight times.
 */
const CONTRADICTING_PHOTOS = 3;
/**
 * Kendall's coefficient of consistence (Kendall & Babington Smith 1940, doi:10.1093/biomet/31.3-4.324): 1 without cycles, 0 if a
 * quarter of the triangles are cycles, as with random judgments. If it is lower than this with 95 % confidence, annotators must have
 * looked at different things.
 */
const LEAST_CONSISTENCE = 0.7;
const CYCLIC_BY_CHANCE = 0.25;
const LEAST_TRIANGLES = 20;
/** An annotator who contradicts the others in more than one pair of ten, with 95 % confidence, looks at something else. */
const MOST_OPPOSITE = 0.1;
const LEAST_COMPARISONS = 10;

/**
 * Checks whether decisions fit together. They do not if two photos are judged both ways, by one person or by two, if a decision
 * contradicts all other pairs, or if decisions form a cycle (a more than b, b more than c, c more than a).
 *
 * @param photos of the decisions, by id
 */
export function checkAnnotators(
  decisions: readonly Decision[],
  photos: ReadonlyMap<number, NotedPhoto>,
  at: FormatTime,
): CheckResult {
  const repeated = [...Map.groupBy(decisions, pairOf).values()].filter(({ length }) => length > 1);
  const comparisons = repeated.flatMap(comparisonsOf);
  const seen = lookAtTriangles(decisionsOf(decisions));
  const { triangles, cycles } = seen;
  const annotators = new Set(decisions.map(({ annotator }) => annotator));
  const cyclesFound = triangles === 0 ? '' : ` (${formatCount(cycles.length)} of them cycles)`;
  const captions: Captions = {
    time: (id) => at((photos.get(id) as NotedPhoto).timestamp),
    photosOf: (...ids) => ids.flatMap((id) => photos.get(id) ?? []),
  };
  return {
    check: 'annotators',
    checked: `${countOf(decisions.length, 'decision')} of ${countOf(annotators.size, 'annotator')}: ${countOf(repeated.length, 'pair')} judged more than once, ${countOf(triangles, 'triangle')} of three photos compared with each other${cyclesFound}.`,
    findings: [
      ...findOpposites(comparisons, captions),
      ...findApart(comparisons, captions),
      ...findAgainstOthers(seen.against, captions),
      ...findCycles(seen, captions),
    ],
  };
}

/** Finds the photo of an example by its id. */
type Captions = { time: (id: number) => string; photosOf: (...ids: number[]) => NotedPhoto[] };

/** Pairs that were judged both ways, by one annotator or by two. */
function findOpposites(comparisons: readonly Comparison[], { time, photosOf }: Captions): Finding[] {
  const opposite = comparisons.filter(({ one, other }) => isOpposite(one, other));
  const within = opposite.filter(({ one, other }) => one.annotator === other.annotator);
  const between = opposite.filter(({ one, other }) => one.annotator !== other.annotator);
  const twice = ({ one, other }: Comparison): Example => ({
    caption: `${describe(one, time)}; ${describe(other, time)}`,
    photos: photosOf(one.left, one.right),
  });
  return [
    ...found(within.map(twice), {
      kind: 'annotators.self',
      title: `${countOf(within.length, 'pair')} judged by one annotator in both ways`,
      meaning:
        'The same person, asked again, said the opposite: a slip, or photos that show the same. Training takes both, and learns from neither.',
      action:
        'Look at the pair. If one answer is a slip, delete that pair, or flag the session in FPE if there are many.',
    }),
    ...found(between.map(twice), {
      kind: 'annotators.opposite',
      title: `${countOf(between.length, 'pair')} judged in opposite ways by two annotators`,
      meaning:
        'One of them slipped, or the photos show about the same. A few are natural; many say that annotators look at different things.',
      action: 'Look at the pairs together with the annotators; agree on what counts as more.',
    }),
  ];
}

function findApart(comparisons: readonly Comparison[], { photosOf }: Captions): Finding[] {
  const apart = apartFromOthers(comparisons);
  const examples = apart.map(({ annotator, n, opposite }) => ({
    caption: `annotator ${annotator}: the opposite of others in ${formatCount(opposite.length)} of ${countOf(n, 'comparison')} (${formatShare(opposite.length / n)})`,
    photos: opposite.slice(0, 2).flatMap(({ one }) => photosOf(one.left, one.right)),
  }));
  return found(examples, {
    kind: 'annotators.apart',
    title: `${countOf(apart.length, 'annotator')} ${apart.length === 1 ? 'judges' : 'judge'} unlike the others`,
    meaning:
      'This person often says the opposite of what others say of the same photos: perhaps left and right were mistaken, or another part of the stream was looked at.',
    action: 'Talk to the annotator; flag the sessions in FPE if they were made by mistake.',
  });
}

function findAgainstOthers(against: readonly Against[], { time, photosOf }: Captions): Finding[] {
  const examples = against.map(({ more, less, by }) => ({
    caption: `${time(more)} was judged to show more than ${time(less)}, though ${formatCount(by.length)} photos lie between them the other way round, such as that of ${time(by[0] as number)}`,
    photos: photosOf(more, less, by[0] as number),
  }));
  return found(examples, {
    kind: 'annotators.against_others',
    title: `${countOf(against.length, 'decision')} against what other pairs say`,
    meaning:
      'Other pairs place the photos the other way round, over several photos between them, and none supports the decision: most likely the wrong button was pressed.',
    action:
      'Look at both photos. If it is a slip, delete the pair from the annotation, or have it annotated again.',
  });
}

/** Cycles, but only if there are more of them than annotators who look at the same thing would produce. */
function findCycles({ triangles, cycles }: Triangles, { time, photosOf }: Captions): Finding[] {
  const share = wilsonInterval(cycles.length, triangles);
  const isInconsistent =
    share !== null && triangles >= LEAST_TRIANGLES && 1 - share.low / CYCLIC_BY_CHANCE < LEAST_CONSISTENCE;
  if (!isInconsistent) return [];
  const consistence = 1 - cycles.length / triangles / CYCLIC_BY_CHANCE;
  const examples = cycles.map(([one, two, three]) => ({
    caption: `${time(one)} more than ${time(two)}, that more than ${time(three)}, and that more than the first`,
    photos: photosOf(one, two, three),
  }));
  return found(examples, {
    kind: 'annotators.cycles',
    title: `${formatCount(cycles.length)} of ${countOf(triangles, 'triangle')} of photos are cycles (consistence ${consistence.toFixed(2)}, 1 is perfect, 0 is chance)`,
    meaning:
      'Decisions go round in circles, so no order of the photos fits them: annotators guess, or each looks at something else. No model can learn an order from that.',
    action:
      'Look at the photos: is the stream to be seen well enough? Agree with the annotators on what to look at, and annotate again.',
  });
}

const found = (examples: readonly Example[], words: Parameters<typeof findingOf>[0]): Finding[] =>
  examples.length > 0 ? [findingOf(words, examples)] : [];

const pairOf = ({ left, right }: Decision): string =>
  left < right ? `${left} ${right}` : `${right} ${left}`;

type Comparison = { one: Decision; other: Decision };

/** Each judgment of a pair is compared with each other one, which takes long for many. People do not judge a pair more often. */
const MOST_JUDGMENTS = 100;
const comparisonsOf = (judged: readonly Decision[]): Comparison[] => {
  const compared = judged.slice(0, MOST_JUDGMENTS);
  return compared.flatMap((one, index) => compared.slice(index + 1).map((other) => ({ one, other })));
};

/** The photo that shows more, null for the same. */
const moreOf = ({ left, right, rank }: Decision): number | null =>
  rank === 'SAME' ? null : rank === 'LEFT' ? left : right;

function isOpposite(one: Decision, other: Decision): boolean {
  const [first, second] = [moreOf(one), moreOf(other)];
  return first !== null && second !== null && first !== second;
}

function describe(decision: Decision, time: (id: number) => string): string {
  const more = moreOf(decision) as number;
  const less = more === decision.left ? decision.right : decision.left;
  return `annotator ${decision.annotator}: ${time(more)} shows more than ${time(less)}`;
}

type Apart = { annotator: number; n: number; opposite: Comparison[] };

/**
 * Annotators who often contradict others. The one who contradicts most is set aside first, because someone who mixes up left and
 * right makes everybody else look wrong as well. Of only two annotators nobody can tell which one is wrong, so both are named.
 */
function apartFromOthers(comparisons: readonly Comparison[]): Apart[] {
  const between = comparisons.filter(({ one, other }) => one.annotator !== other.annotator);
  const annotators = new Set(between.flatMap(({ one, other }) => [one.annotator, other.annotator]));
  const worst = [...annotators]
    .map((annotator): Apart => {
      const own = between.filter(({ one, other }) => [one.annotator, other.annotator].includes(annotator));
      return { annotator, n: own.length, opposite: own.filter(({ one, other }) => isOpposite(one, other)) };
    })
    .filter(isApart)
    .filter((one, _, all) => all.every((other) => shareOf(other) <= shareOf(one)));
  if (worst.length === 0) return [];
  const told = new Set(worst.map(({ annotator }) => annotator));
  const left = between.filter(({ one, other }) => !told.has(one.annotator) && !told.has(other.annotator));
  return [...worst, ...apartFromOthers(left)];
}

const shareOf = ({ n, opposite }: Apart): number => opposite.length / n;

const isApart = ({ n, opposite }: Apart): boolean =>
  n >= LEAST_COMPARISONS && (wilsonInterval(opposite.length, n)?.low ?? 0) > MOST_OPPOSITE;

/** For each photo, the photos that it was judged to show more than. Pairs judged both ways, or as the same, are left out. */
type Above = Map<number, Set<number>>;

function decisionsOf(decisions: readonly Decision[]): Above {
  const above: Above = new Map();
  const isAbove = (more: number, less: number) => above.get(more)?.has(less) ?? false;
  const both: [number, number][] = [];
  for (const decision of decisions) {
    const more = moreOf(decision);
    if (more === null) continue;
    const less = more === decision.left ? decision.right : decision.left;
    if (isAbove(less, more)) both.push([less, more]);
    const known = above.get(more);
    if (known) known.add(less);
    else above.set(more, new Set([less]));
  }
  for (const [one, other] of both) {
    above.get(one)?.delete(other);
    above.get(other)?.delete(one);
  }
  return above;
}

type Against = { more: number; less: number; by: number[] };
type Cycle = [number, number, number];
type Triangles = { against: Against[]; triangles: number; cycles: Cycle[] };

/**
 * Counts the triangles (three photos, each compared with both others), and finds decisions that several triangles contradict and
 * none confirms. A station with many pairs of few photos has millions of triangles, so nearly all the time of the check is spent here.
 */
function lookAtTriangles(above: Above): Triangles {
  const below = reversed(above);
  const of = (side: Above, photo: number): ReadonlySet<number> => side.get(photo) ?? new Set();
  const against: Against[] = [];
  const cycles: Cycle[] = [];
  let transitive = 0;
  for (const [more, less] of pairsOf(above)) {
    const by = common(of(above, less), of(below, more));
    const support = common(of(above, more), of(below, less)).length;
    transitive += support;
    if (by.length >= CONTRADICTING_PHOTOS && support === 0) against.push({ more, less, by });
    // A cycle is found from each of its three decisions, but reported once: from its photo with the lowest id.
    for (const third of by) if (more < less && more < third) cycles.push([more, less, third]);
  }
  against.sort((one, other) => other.by.length - one.by.length || one.more - other.more);
  return { against, triangles: transitive + cycles.length, cycles };
}

function* pairsOf(above: Above): Generator<[more: number, less: number]> {
  for (const [more, all] of above) for (const less of all) yield [more, less];
}

/** For each photo, the photos that it was judged to show less than. */
function reversed(above: Above): Above {
  const below: Above = new Map();
  for (const [more, less] of pairsOf(above)) {
    const known = below.get(less);
    if (known) known.add(more);
    else below.set(less, new Set([more]));
  }
  return below;
}

function common(one: ReadonlySet<number>, other: ReadonlySet<number>): number[] {
  const [few, many] = one.size < other.size ? [one, other] : [other, one];
  const found: number[] = [];
  for (const photo of few) if (many.has(photo)) found.push(photo);
  return found;
}
