import type { Template } from '../../deployment/package.ts';
import { resolveIntrinsics } from '../../local/template.ts';
import { isLike, listOf } from '../../shared/aws/policy-document.ts';

export type Statement = {
  Effect: 'Allow' | 'Deny';
  Principal?: unknown;
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
};
export type Policy = { name: string; statements: Statement[] };
/** What a principal wants to do; `context` holds condition keys with their values. */
export type Request = { action: string; resource: string; context?: Record<string, string> };

/** Every policy document of a template with where it stands: of roles, topics, keys and buckets. */
export function policiesOf(template: Template): Policy[] {
  return Object.entries(template.Resources).flatMap(([id, { Properties = {} }]) =>
    documentsIn(Properties, id).map(({ name, document }) => ({
      name,
      statements: (document as { Statement: Statement[] }).Statement.filter(
        ({ Effect }) => Effect !== undefined,
      ),
    })),
  );
}

function documentsIn(value: unknown, path: string): { name: string; document: object }[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Statement' in value) return [{ name: path, document: value }];
  return Object.entries(value).flatMap(([key, part]) => documentsIn(part, `${path}.${key}`));
}

/** What the policies of a role allow and deny, its references resolved for the local account. */
export function statementsOfRole(template: Template, roleId: string): Statement[] {
  const role = template.Resources[roleId];
  if (role?.Type !== 'AWS::IAM::Role') throw new Error(`${roleId} is no role of the template`);
  const policies = resolveIntrinsics(role.Properties?.Policies, template) as {
    PolicyDocument: { Statement: Statement[] };
  }[];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

/**
 * Decides a request as IAM does for one role without a boundary: an explicit Deny wins, otherwise some Allow is needed
 * (IAM user guide, "Policy evaluation logic"). A condition that it does not know makes it throw, so that none is passed by.
 */
export function isAllowed(statements: readonly Statement[], request: Request): boolean {
  const matching = statements.filter((statement) => matches(statement, request));
  return (
    matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny')
  );
}

export const matches = (statement: Statement, { action, resource, context = {} }: Request): boolean =>
  // Actions are told apart without regard to case, resources with it.
  listOf(statement.Action).some((pattern) => isLike(action.toLowerCase(), pattern.toLowerCase())) &&
  listOf(statement.Resource).some((pattern) => isLike(resource, pattern)) &&
  Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => conditionHolds(operator, context[key], listOf(values))),
  );

function conditionHolds(operator: string, found: string | undefined, values: readonly string[]): boolean {
  if (found === undefined) return false;
  switch (operator) {
    case 'StringEquals':
    case 'ArnEquals':
      return values.includes(found);
    case 'StringLike':
    case 'ArnLike':
      return values.some((pattern) => isLike(found, pattern));
    default:
      throw new Error(`The simulation does not know the condition ${operator}`);
  }
}
