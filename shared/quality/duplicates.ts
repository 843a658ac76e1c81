import { countOf, formatCount } from '../formats/numbers.ts';
import { type CheckResult, type Example, type FormatTime, findingOf } from './finding.ts';
import type { DatasetPhoto } from './imagesets.ts';

/**
 * Finds photos that exist twice: with the same bytes, or taken in the same second, in one imageset or in two.
 *
 * @param photos by time
 * @param sameBytes keys of photos with equal content, one list for each content; null where it was not looked at
 */
export function checkDuplicates(
  photos: readonly DatasetPhoto[],
  sameBytes: readonly (readonly string[])[] | null,
  at: FormatTime,
): CheckResult {
  const copies = copiesOf(photos, sameBytes ?? []);
  const copyOf = new Map(copies.flatMap((group, index) => group.map((photo) => [photo, index] as const)));
  const isCopied = (group: readonly DatasetPhoto[]) => {
    const contents = new Set(group.map((photo) => copyOf.get(photo)));
    return contents.size === 1 && !contents.has(undefined);
  };
  const sameTime = groupsOfOneTime(photos).filter((group) => !isCopied(group));
  const across = sameTime.filter((group) => imagesetsOf(group).length > 1);
  const within = sameTime.filter((group) => imagesetsOf(group).length === 1);
  return {
    check: 'duplicates',
    checked: `The times of ${countOf(photos.length, 'photo')}, to the second; ${sameBytes ? 'checksums (ETags) of their files' : 'their files were not compared'}.`,
    findings: [
      ...found(copies, at, {
        kind: 'duplicates.bytes',
        title: `${formatCount(extra(copies))} of ${countOf(photos.length, 'photo')} ${extra(copies) === 1 ? 'is a copy' : 'are copies'} of another file`,
        meaning:
          'The same photo was uploaded twice. It counts twice in daily means and in Kendall tau, and one copy may be in training while the other one tests the model, which then looks better than it is.',
        action:
          'Delete one of the copies in FPE; where a whole imageset was uploaded twice, delete the imageset.',
      }),
      ...found(across, at, {
        kind: 'duplicates.two_imagesets',
        title: `${countOf(across.length, 'time')} with photos in two imagesets`,
        meaning:
          'Either a card was uploaded twice, or two cameras stand at this station, or the clock of one imageset is wrong. Two views do not belong into one model: it ranks photos of one view.',
        action:
          'Compare the photos: delete the imageset that was uploaded twice, move that of another camera to a station of its own, or correct the clock of the imageset.',
      }),
      ...found(within, at, {
        kind: 'duplicates.one_imageset',
        title: `${countOf(within.length, 'time')} with several photos of one imageset`,
        meaning:
          'Bursts of a camera are harmless but count as often in daily means. Photos that differ in light or weather at the same time tell of a clock that stood still or was reset.',
        action: 'Look at the photos: if they are no burst, correct the clock of the imageset in FPE.',
      }),
    ],
  };
}

function found(
  groups: readonly (readonly DatasetPhoto[])[],
  at: FormatTime,
  words: Parameters<typeof findingOf>[0],
) {
  const examples = groups.map(
    (group): Example => ({
      caption: `${[...new Set(group.map(({ timestamp }) => at(timestamp)))].join(' and ')}, ${imagesetsOf(
        group,
      )
        .map((id) => `imageset ${id}`)
        .join(' and ')}`,
      photos: [...group],
    }),
  );
  return examples.length > 0 ? [findingOf(words, examples)] : [];
}

/** Photos with the content of one before them. */
const extra = (groups: readonly (readonly DatasetPhoto[])[]): number =>
  groups.reduce((sum, { length }) => sum + length - 1, 0);

const imagesetsOf = (group: readonly DatasetPhoto[]): number[] => [
  ...new Set(group.map(({ imageset_id }) => imageset_id)),
];

function copiesOf(
  photos: readonly DatasetPhoto[],
  sameBytes: readonly (readonly string[])[],
): DatasetPhoto[][] {
  const contentOf = new Map(sameBytes.flatMap((keys, index) => keys.map((key) => [key, index] as const)));
  if (contentOf.size === 0) return [];
  const copied = photos.filter(({ filename }) => contentOf.has(filename));
  return [...Map.groupBy(copied, ({ filename }) => contentOf.get(filename)).values()].filter(
    ({ length }) => length > 1,
  );
}

function groupsOfOneTime(photos: readonly DatasetPhoto[]): DatasetPhoto[][] {
  const groups: DatasetPhoto[][] = [];
  for (let start = 0; start < photos.length; ) {
    let end = start + 1;
    while (end < photos.length && photos[end]?.timestamp === photos[start]?.timestamp) end += 1;
    if (end - start > 1) groups.push(photos.slice(start, end));
    start = end;
  }
  return groups;
}
