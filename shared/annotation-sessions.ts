import * as z from 'zod';
import { AnnotationFileInvalid } from './errors.ts';
import { describeMismatch, parseJson } from './json.ts';

/** Exported files hold an array, a bare string or nothing (Q-S5). */
const attributes = z
  .union([z.array(z.string()), z.string().transform((attribute) => [attribute])])
  .nullish()
  .transform((given) => given ?? []);
const side = z.object({ imageId: z.int(), attributes });

/** One element of an annotation file (contract 4). */
export const annotationPair = z
  .object({
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
  })
  .refine(({ left, right }) => left.imageId !== right.imageId, 'both sides show the same image');
export type AnnotationPair = z.output<typeof annotationPair>;

/** A row of `annotations` with the pairs of its file. */
export const annotationSession = z.object({
  annotation_id: z.int(),
  user_id: z.string(),
  duration_sec: z.number().nullable(),
  n: z.number().nullable(),
  url: z.string().nullable(),
  pairs: z.array(annotationPair),
});
export type AnnotationSession = z.output<typeof annotationSession>;

/**
 * Reads the body of one annotation file.
 *
 * @param where names session and object in errors
 * @throws AnnotationFileInvalid, also for the object that an unfinished training session leaves (Q-D9)
 */
export function parseAnnotationFile(body: string, where: string): AnnotationPair[] {
  let content: unknown;
  try {
    content = parseJson(body);
  } catch (error) {
    throw invalid(where, (error as Error).message);
  }
  if (!Array.isArray(content)) throw invalid(where, content === null ? 'null' : `a JSON ${typeof content}`);
  return content.map((element, index) => {
    const parsed = annotationPair.safeParse(element);
    if (parsed.success) return parsed.data;
    throw invalid(where, `element ${index + 1}: ${describeMismatch(parsed.error)}`);
  });
}

const invalid = (where: string, found: string): AnnotationFileInvalid =>
  new AnnotationFileInvalid({
    what: 'An annotation file cannot be read',
    where,
    found,
    expected:
      'a JSON array of pairs, each with left.imageId and right.imageId of two images and a rank of LEFT, RIGHT, SAME or UNKNOWN',
    fix: 'repair the file, or set the flag of this annotation session so that it is left out, then start a new execution',
  });
