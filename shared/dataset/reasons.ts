/**
 * Why photos, annotation pairs and observed values do not take part, with what the filters of the input leave out (shared/filters/):
 * the lists from which the counts of the machine's state,
 * the summary, the notification, the report, dataset.html, metrics.json and CloudWatch's metrics take their reasons.
 *
 * Whoever reads what others have made decides there, for each thing that it reads: it is accepted; it is repaired, which is said;
 * it is left out and counted under one reason of these, the first that applies; or the whole is refused by an error of errors.ts.
 */
export type Reason = {
  /** Heads a line of a table. */
  label: string;
  /** Goes on after a count: 3 in imagesets that are not processed yet. */
  words: string;
  /** What is counted, and why; for who reads metrics.json. */
  definition: string;
};

export const reason = (label: string, words: string, definition: string): Reason => ({
  label,
  words,
  definition,
});

/** Photos that are not in the dataset, in the order in which they are looked for. */
export const PHOTO_EXCLUSIONS = {
  imageset_not_done: reason(
    'Imageset not processed',
    'in imagesets that are not processed yet',
    'photos left out because their imageset is not DONE',
  ),
  image_not_done: reason(
    'Photo not processed',
    'not processed, or failed',
    'photos left out because they are not DONE themselves',
  ),
  no_timestamp: reason(
    'No timestamp',
    'without a time',
    'photos left out because it is not known when they were taken',
  ),
  impossible_timestamp: reason(
    'Impossible timestamp',
    'with an impossible time',
    'photos left out because their timestamp is infinite, before 1900 or after 2199',
  ),
  pii: reason(
    'May show people or vehicles',
    'with people or vehicles',
    'photos left out because they may show people or vehicles',
  ),
  unusable_key: reason(
    'Unusable file name',
    'whose file cannot be named: no key, another bucket, or a name that jobs or spreadsheets would take for something else',
    'photos left out because their row names no object of the storage bucket that manifests and CSV files can name',
  ),
  repeated_object: reason(
    'Same file as another photo',
    'of the same file as an earlier one',
    'photos left out because an earlier photo names the same object in S3',
  ),
  empty_object: reason(
    'Empty file',
    'whose file is empty',
    'photos left out because their object has 0 bytes',
  ),
  too_large: reason(
    'File too large',
    'whose file is too large to be scored',
    'photos left out because their object has more bytes than a request of the transform job takes',
  ),
} as const satisfies Record<string, Reason>;

/** Photos that the model could not score; model/photos.py gives these codes with its answers. */
export const PHOTO_FAULTS = {
  truncated: reason(
    'Truncated or broken',
    'truncated or broken',
    'photos without a score because their file ends too early or is damaged',
  ),
  not_an_image: reason(
    'Neither JPEG nor PNG',
    'not an image (JPEG or PNG)',
    'photos without a score because their file is neither a JPEG nor a PNG',
  ),
  too_large_to_read: reason(
    'Too large to read',
    'with more pixels, scans or bytes than a photo has',
    'photos without a score because they have more pixels, scans, parts or bytes than are read',
  ),
  no_finite_score: reason(
    'No finite score',
    'that the model gives no finite score',
    'photos without a score because the model computes one that is no number, or fails on them',
  ),
  other: reason(
    'Unreadable for another reason',
    'unreadable for another reason',
    'photos without a score for a reason that the answer of the model does not name',
  ),
} as const satisfies Record<string, Reason>;

/** Elements of annotation files that are no pairs of the dataset, in the order in which they are looked for. */
export const PAIR_EXCLUSIONS = {
  malformed: reason(
    'Malformed',
    'malformed in their annotation file',
    'elements of annotation files left out because they do not have two images and a known rank',
  ),
  no_photo: reason(
    'No photo on one side',
    'without a photo on one of their sides',
    'pairs left out because the annotation file names no image for one of their sides',
  ),
  same_photo: reason(
    'Photo paired with itself',
    'of a photo with itself',
    'pairs left out because both of their sides show the same photo',
  ),
  unknown_photo: reason(
    'Photo unknown',
    'of a photo that the station does not have',
    'pairs left out because one of their photos is not in the images table of the station',
  ),
  photo_excluded: reason(
    'Photo not in the dataset',
    'of a photo that is left out of the dataset',
    'pairs left out because one of their photos is left out of the dataset',
  ),
} as const satisfies Record<string, Reason>;

/** Values of the station's own datasets that are not used, in the order in which they are looked for. */
export const VALUE_EXCLUSIONS = {
  not_a_number: reason(
    'No number',
    'that are no number',
    'values of the station’s datasets left out because they are NaN, as blank cells of uploaded files become, or infinite',
  ),
  impossible_timestamp: reason(
    'Impossible timestamp',
    'with an impossible time',
    'values of the station’s datasets left out because their timestamp is infinite, before 1900 or after 2199',
  ),
  fill_value: reason(
    'Fill value of a logger',
    'that a logger writes where it has none',
    'values of the station’s datasets left out because they are a logger’s sign for no value, such as -9999',
  ),
  flagged: reason(
    'Flagged',
    'with a flag',
    'values of the station’s datasets left out because they have a flag and include_flagged_values is off',
  ),
} as const satisfies Record<string, Reason>;

export type PhotoExclusion = keyof typeof PHOTO_EXCLUSIONS;
export type PhotoFault = keyof typeof PHOTO_FAULTS;
export type PairExclusion = keyof typeof PAIR_EXCLUSIONS;
export type ValueExclusion = keyof typeof VALUE_EXCLUSIONS;

/** How many things each reason of a list applied to. */
export type Counts<Code extends string> = Record<Code, number>;

/** The reasons' codes, in the order of the list. */
export const codesOf = <Code extends string>(reasons: Record<Code, Reason>): Code[] =>
  Object.keys(reasons) as Code[];

/** A count of 0 for each reason. */
export const noneOf = <Code extends string>(reasons: Record<Code, Reason>): Counts<Code> =>
  Object.fromEntries(codesOf(reasons).map((code) => [code, 0])) as Counts<Code>;

/** Without the counts of 0. */
export const aboveZero = <Code extends string>(counts: Counts<Code>): Partial<Counts<Code>> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)) as Partial<Counts<Code>>;

export const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Counts of several parts, reason by reason. */
export const sumCounts = <Code extends string>(
  reasons: Record<Code, Reason>,
  parts: readonly Counts<Code>[],
): Counts<Code> => {
  const sums = noneOf(reasons);
  for (const part of parts) for (const code of codesOf(reasons)) sums[code] += part[code];
  return sums;
};

/**
 * What was left out, one phrase for each reason that something was left out for: `3 with people or vehicles`. A code that this
 * version does not know, as an execution of another may tell, stands for itself.
 */
export const leftOutPhrases = (
  reasons: Readonly<Record<string, Reason>>,
  counts: Readonly<Record<string, number>>,
  formatCount: (count: number) => string = String,
): string[] =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(
      ([code, count]) =>
        `${formatCount(count)} ${Object.hasOwn(reasons, code) ? reasons[code]?.words : code}`,
    );
