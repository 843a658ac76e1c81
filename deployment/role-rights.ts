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
  /** Values that the condition keys must have for it to be allowed. */
  context: Record<string, string[]>;
};

/** Conditions whose value shows what a request would contain. */
const KNOWN_OPERATORS = ['StringEquals', 'StringLike'];

/**
 * Everything that the roles of a template may do, in the template's order: a permissions boundary must allow it, too.
 *
 * @throws Error for an unknown kind of condition, so that none is ignored
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
