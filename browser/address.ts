import { DAY_MS } from '../shared/formats/durations.ts';
import { IMAGE_SPLITS, type ImageSplit, isImageSplit } from '../shared/model-input/image-split.ts';
import { wallDate } from '../shared/predictions/scored-photos.ts';
import { SPLIT_GROUPS } from '../shared/report/data/split-groups.ts';
import { periodWords } from './period.ts';
import { INITIAL_STRATA_SPLIT, isWhole, type PageSelection, startOfDay, type View } from './view.ts';

/** What stands behind # in the address: where in the page a reader is, and what was selected, so that it can be passed on. */
export type Address = {
  /** Id of a section or figure; empty at the top. */
  anchor: string;
  selection: Partial<PageSelection>;
  /** What is wrong with its period, in words; empty if nothing is. */
  problem: string;
};

const UNREADABLE_PERIOD =
  'The address has a period that cannot be read: it needs from and to as yyyy-mm-dd, from not after to.';

/**
 * e.g. `#tau-strata&from=2024-01-10&to=2024-03-20&splits=train,val&strata=val`; what is not understood is left out, as people
 * shorten and mend addresses, and told if it was a period.
 */
export function readAddress(hash: string): Address {
  const [first = '', ...rest] = hash.replace(/^#/, '').split('&');
  const isAnchor = !first.includes('=');
  const parts = new Map(
    (isAnchor ? rest : [first, ...rest]).map((part) => {
      const [name = '', value = ''] = part.split('=');
      return [name, value];
    }),
  );
  const [from, to] = [dayAt(parts.get('from')), dayAt(parts.get('to'))];
  const hasPeriod = parts.has('from') || parts.has('to');
  const isPeriod = from !== null && to !== null && from <= to;
  const asked = parts.get('splits');
  const known = asked?.split(',').filter(isImageSplit) ?? [];
  const group = SPLIT_GROUPS.find(({ id }) => id === parts.get('strata'));
  return {
    anchor: isAnchor ? first : '',
    selection: {
      ...(isPeriod && { from, to: to + DAY_MS }),
      ...((asked === '' || known.length > 0) && { splits: new Set<ImageSplit>(known) }),
      ...(group && { strataSplit: group.id }),
    },
    problem: hasPeriod && !isPeriod ? UNREADABLE_PERIOD : '',
  };
}

/** A part of a selection: as the address has it, and in words. */
export type SelectionPart = {
  of: 'period' | 'splits' | 'strata';
  address: readonly string[];
  words: string;
  /** Whether it is what every page begins with. */
  isInitial: boolean;
};

export function selectionParts(view: View): SelectionPart[] {
  const { from, to, splits, strataSplit } = view.selection;
  const labelOf = (wanted: string) => SPLIT_GROUPS.find(({ id }) => id === wanted)?.label ?? wanted;
  return [
    {
      of: 'period',
      address: [`from=${wallDate(from)}`, `to=${wallDate(to - DAY_MS)}`],
      words: periodWords({ from, to }),
      isInitial: isWhole(view),
    },
    {
      of: 'splits',
      address: [`splits=${[...splits].join(',')}`],
      words: `splits ${[...splits].map(labelOf).join(', ') || 'none'}`,
      isInitial: splits.size === IMAGE_SPLITS.length,
    },
    {
      of: 'strata',
      address: [`strata=${strataSplit}`],
      words: `tau by season, annotation period, value, month and hour of ${labelOf(strataSplit)}`,
      isInitial: strataSplit === INITIAL_STRATA_SPLIT,
    },
  ];
}

const chosenParts = (view: View): SelectionPart[] =>
  selectionParts(view).filter(({ isInitial }) => !isInitial);

/** The other way round; nothing of what every page begins with. */
export const writeAddress = (anchor: string, view: View): string =>
  [anchor, ...chosenParts(view).flatMap(({ address }) => address)].filter((part) => part !== '').join('&');

/** What is selected, in words, for paper, which has no address and no form; empty for what every page begins with. */
export function selectionWords(view: View): string {
  const made = chosenParts(view);
  return made.length === 0 ? '' : `Selected: ${made.map(({ words }) => words).join('; ')}.`;
}

function dayAt(text: string | undefined): number | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(text ?? '')) return null;
  const at = Date.parse(text as string);
  return Number.isNaN(at) ? null : startOfDay(at);
}
