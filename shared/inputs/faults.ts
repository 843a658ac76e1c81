import * as z from 'zod';
import { InvalidInput } from '../errors.ts';
import { shorten } from '../formats/shortened-text.ts';
import { suggestion } from '../formats/suggestion.ts';
import { parametersIn } from './parameters.ts';

/**
 * Checks the input of an execution and fills the defaults; all faults are reported at once, unknown names with the
 * nearest one.
 *
 * @param schemaFile names the JSON Schema that people find the names in
 * @param sufficient the least input that is valid, in words
 * @throws InvalidInput
 */
export function parseInput<Schema extends z.ZodObject>(
  schema: Schema,
  given: unknown,
  schemaFile: string,
  sufficient = 'only station_id is required',
): z.output<Schema> {
  const input = parametersIn(given);
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = issuesByValue(parsed.error.issues).flatMap((issue) => describeIssue(issue, input, schema));
  throw new InvalidInput(
    {
      what: `The input has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}`,
      where: 'input of the execution',
      found: faults.join('; '),
      expected: `names and values as in ${schemaFile}; ${sufficient}`,
      fix: 'correct the input and start a new execution',
    },
    { cause: parsed.error },
  );
}

/** Code units of a value in a message. */
const MOST_SHOWN = 100;
const SAFE_INTEGER = String(Number.MAX_SAFE_INTEGER);

/** One value may break several rules: they are told as one fault, that of JavaScript's integers only where there is no other. */
function issuesByValue(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const isOfNames = ({ code }: z.core.$ZodIssue) => code === 'unrecognized_keys' || code === 'invalid_key';
  const byPath = Map.groupBy(issues, (issue) => (isOfNames(issue) ? issue : JSON.stringify(issue.path)));
  return [...byPath.values()].map((ofValue) => {
    const narrower = ofValue.filter(({ message }) => !message.endsWith(SAFE_INTEGER));
    const told = narrower.length > 0 ? narrower : ofValue;
    return { ...(told[0] as z.core.$ZodIssue), message: told.map(({ message }) => message).join(' and ') };
  });
}

/** One phrase per fault: where, what was given, and what would be right. */
function describeIssue(issue: z.core.$ZodIssue, input: unknown, schema: z.ZodType): string[] {
  const where = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const names = namesAt(schema, issue.path);
    return issue.keys.map(
      (key) => `${[...issue.path, key].join('.')} is not a name of the input${suggestion(key, names)}`,
    );
  }
  if (issue.code === 'invalid_key') return [`${where} is not the id of a station`];
  if (where === '') return [`${JSON.stringify(input) ?? 'nothing'} is not a JSON object`];
  const given = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
  if (given === undefined) return [`${where} is missing`];
  return [`${where} is ${shorten(JSON.stringify(given), MOST_SHOWN)}: ${issue.message}`];
}

/** Names that an object at this place of the input may have; none where there is no object. */
function namesAt(schema: z.ZodType, [key, ...rest]: readonly PropertyKey[]): string[] {
  const at = withoutWrappers(schema);
  if (at instanceof z.ZodRecord && key !== undefined) return namesAt(at.valueType as z.ZodType, rest);
  if (!(at instanceof z.ZodObject)) return [];
  if (key === undefined) return Object.keys(at.shape);
  const next = at.shape[String(key)];
  return next ? namesAt(next, rest) : [];
}

function withoutWrappers(schema: z.ZodType): z.ZodType {
  const isWrapper =
    schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodNullable;
  return isWrapper ? withoutWrappers(schema.unwrap() as z.ZodType) : schema;
}
