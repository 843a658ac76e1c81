import { listOf } from '../shared/aws/policy-document.ts';
import type { Template } from './package.ts';
import type { References } from './references.ts';

type Statement = {
  Effect: 'Allow' | 'Deny';
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
};

/** One action on one resource that a role of the template is allowed. */
export type RoleRight = {
  /** Id of the role in the template. */
  role: string;
  action: string;
  /** An ARN, which may hold `*` and `?`, or `*`. */
  resource: string;
  /** Values of the condition keys under which alone it is allowed. */
  context: Record<string, string[]>;
};

/** Conditions of rights whose value tells what a request would hold. */
const KNOWN_OPERATORS = ['StringEquals', 'StringLike'];

/**
 * Everything that the roles of a template are allowed, in the template's order: what a permissions boundary must allow as well.
 *
 * @throws Error where a condition is of another kind than it knows, so that none is passed by
 */
export function rightsOfRoles(template: Template, references: References): RoleRight[] {
  return Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === 'AWS::IAM::Role')
    .flatMap(([role, { Properties = {} }]) => {
      const policies = references.resolve(Properties.Policies) as {
        PolicyDocument: { Statement: Statement[] };
      }[];
      return policies
        .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
        .filter(({ Effect }) => Effect === 'Allow')
        .flatMap(({ Action, Resource, Condition = {} }) =>
          listOf(Action).flatMap((action) =>
            listOf(Resource).map((resource) => ({
              role,
              action,
              resource,
              context: contextOf(role, Condition),
            })),
          ),
        );
    });
}

function contextOf(role: string, condition: NonNullable<Statement['Condition']>): RoleRight['context'] {
  return Object.fromEntries(
    Object.entries(condition).flatMap(([operator, keys]) => {
      if (!KNOWN_OPERATORS.includes(operator))
        throw new Error(
          `A right of ${role} has the condition ${operator}, of which it is not known what a request would hold. Known: ${KNOWN_OPERATORS.join(', ')}.`,
        );
      return Object.entries(keys).map(([key, values]) => [key, listOf(values)]);
    }),
  );
}
