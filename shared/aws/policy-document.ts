import * as z from 'zod';
import { parseJsonAs } from '../formats/json.ts';

const strings = z.union([z.string(), z.array(z.string())]);
const statement = z.looseObject({
  Sid: z.string().optional(),
  Effect: z.string(),
  Principal: z.unknown().optional(),
  NotPrincipal: z.unknown().optional(),
  Action: strings.optional(),
  NotAction: strings.optional(),
  Resource: strings.optional(),
  NotResource: strings.optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
const policyDocument = z.looseObject({ Statement: z.union([z.array(statement), statement]) });

/** A statement of a resource policy, such as a bucket's or an endpoint's. */
export type PolicyStatement = z.output<typeof statement>;

/** @param text of a policy document; IAM's grammar allows a single statement without a list */
export function parsePolicy(text: string): PolicyStatement[] {
  const { Statement } = parseJsonAs(text, policyDocument);
  return listOf(Statement);
}

/** A policy element with one or several values: actions, resources, values of conditions. */
export const listOf = <Value>(value: Value | Value[] | undefined): Value[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** `*` stands for any text, `?` for one character (IAM, "Using wildcards in resource ARNs"). */
export function isLike(text: string, pattern: string): boolean {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 's').test(text);
}
