import type * as z from 'zod';
import { InvalidInput } from '../errors.ts';
import { suggestion } from '../formats/suggestion.ts';
import { parametersIn } from './parameters.ts';

/**
 * Checks the input of an execution and fills the defaults; all faults are reported at once, unknown names with the
 * nearest one.
 *
 * @param schemaFile names the JSON Schema that people find the names in
 * @throws InvalidInput
 */
export function parseInput<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  given: unknown,
  schemaFile: string,
): z.output<z.ZodObject<Shape>> {
  const input = parametersIn(given);
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const names = Object.keys(schema.shape);
  const faults = issuesByValue(parsed.error.issues).flatMap((issue) => describeIssue(issue, input, names));
  throw new InvalidInput(
    {
      what: `The input has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}`,
      where: 'input of the execution',
      found: faults.join('; '),
      expected: `names and values as in ${schemaFile}; only station_id is required`,
      fix: 'correct the input and start a new execution',
    },
    { cause: parsed.error },
  );
}

const SAFE_INTEGER = String(Number.MAX_SAFE_INTEGER);

/** One value may break several rules: they are told as one fault, that of JavaScript's integers only where there is no other. */
export function issuesByValue(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const isOfNames = ({ code }: z.core.$ZodIssue) => code === 'unrecognized_keys' || code === 'invalid_key';
  const byPath = Map.groupBy(issues, (issue) => (isOfNames(issue) ? issue : JSON.stringify(issue.path)));
  return [...byPath.values()].map((ofValue) => {
    const narrower = ofValue.filter(({ message }) => !message.endsWith(SAFE_INTEGER));
    const told = narrower.length > 0 ? narrower : ofValue;
    return { ...(told[0] as z.core.$ZodIssue), message: told.map(({ message }) => message).join(' and ') };
  });
}

/** One phrase per fault: the name, what was given, and what would be right. */
function describeIssue(issue: z.core.$ZodIssue, input: unknown, names: readonly string[]): string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${key} is not a name of the input${suggestion(key, names)}`);
  const name = issue.path.join('.');
  if (name === '') return [`${JSON.stringify(input) ?? 'nothing'} is not a JSON object`];
  const given = (input as Record<string, unknown>)[name];
  return [
    given === undefined ? `${name} is missing` : `${name} is ${JSON.stringify(given)}: ${issue.message}`,
  ];
}
