import * as z from 'zod';
import { parseJsonAs } from '../json.ts';

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

/** A statement of a policy that belongs to a resource: a bucket, an endpoint. */
export type PolicyStatement = z.output<typeof statement>;

/** @param text of a policy document; IAM's grammar lets a single statement stand without a list */
export function parsePolicy(text: string): PolicyStatement[] {
  const { Statement } = parseJsonAs(text, policyDocument);
  return Array.isArray(Statement) ? Statement : [Statement];
}
