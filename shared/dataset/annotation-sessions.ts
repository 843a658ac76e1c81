import * as z from 'zod';
import { AnnotationFileInvalid } from '../errors.ts';
import { MAX_ID } from '../formats/csv.ts';
import { describeMismatch, parseJson } from '../formats/json.ts';
import type { Counts } from './reasons.ts';

/** Exported files hold an array, a bare string or nothing (Q-S5). */
const attributes = z
  .union([z.array(z.string()), z.string().transform((attribute) => [attribute])])
  .nullish()
  .transform((given) => given ?? []);
const side = z.object({ imageId: z.int().min(1).max(MAX_ID), attributes });
/** R writes nothing, null or NA for a photo that it has lost. */
const givenSide = side.extend({
  imageId: z
    .union([side.shape.imageId, z.literal('NA')])
    .nullish()
    .transform((id) => (typeof id === 'number' ? id : null)),
});

const element = z.object({
  left: side,
  right: side,
  rank: z
    .enum(['LEFT', 'RIGHT', 'SAME', 'UNKNOWN'])
    .nullish()
    .transform((rank) => rank ?? null),
  comment: z
    .string()
    .nullish()
    .transform((comment) => comment ?? null),
});

const givenElement = element.extend({ left: givenSide, right: givenSide });

/** One pair of an annotation file (contract 4). `pair_id` is its place in the file, from 1. */
const annotationPair = z.object({ pair_id: z.int(), ...element.shape });
export type AnnotationPair = z.output<typeof annotationPair>;

/** A row of `annotations` with the pairs of its file. */
export const annotationSession = z.object({
  annotation_id: z.int(),
  user_id: z.string(),
  duration_sec: z.number().nullable(),
  n: z.number().nullable(),
  url: z.string().nullable(),
  /** Elements of the file, pairs or not. */
  elements: z.int(),
  pairs: z.array(annotationPair),
});
export type AnnotationSession = z.output<typeof annotationSession>;

export type AnnotationFile = {
  elements: number;
  pairs: AnnotationPair[];
  /** Elements that are no pairs of two photos. */
  excluded: Counts<'malformed' | 'no_photo' | 'same_photo'>;
};

/**
 * Reads the body of one annotation file. One element that is no pair costs this element alone; a file of which no element can be
 * read is something else than an annotation file.
 *
 * @param where names session and object in errors
 * @throws AnnotationFileInvalid, also for the object that an unfinished training session leaves (Q-D9)
 */
export function parseAnnotationFile(body: string, where: string): AnnotationFile {
  let content: unknown;
  try {
    content = parseJson(body);
  } catch (error) {
    throw invalid(where, (error as Error).message);
  }
  if (!Array.isArray(content)) throw invalid(where, content === null ? 'null' : `a JSON ${typeof content}`);
  const pairs: AnnotationPair[] = [];
  const excluded = { malformed: 0, no_photo: 0, same_photo: 0 };
  let firstFault = '';
  for (const [index, found] of content.entries()) {
    const parsed = givenElement.safeParse(found);
    if (!parsed.success) {
      excluded.malformed += 1;
      firstFault ||= `element ${index + 1}: ${describeMismatch(parsed.error)}`;
    } else if (!hasPhotos(parsed.data)) excluded.no_photo += 1;
    else if (parsed.data.left.imageId === parsed.data.right.imageId) excluded.same_photo += 1;
    else pairs.push({ pair_id: index + 1, ...parsed.data });
  }
  if (excluded.malformed > 0 && excluded.malformed === content.length) throw invalid(where, firstFault);
  return { elements: content.length, pairs, excluded };
}

const hasPhotos = (pair: z.output<typeof givenElement>): pair is z.output<typeof element> =>
  pair.left.imageId !== null && pair.right.imageId !== null;

const invalid = (where: string, found: string): AnnotationFileInvalid =>
  new AnnotationFileInvalid({
    what: 'An annotation file cannot be read',
    where,
    found,
    expected:
      'a JSON array of pairs, each with left.imageId and right.imageId of two images and a rank of LEFT, RIGHT, SAME or UNKNOWN',
    fix: 'repair the file, or set the flag of this annotation session to exclude it, then start a new execution',
  });
