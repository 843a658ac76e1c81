import pMap from 'p-map';
import type { Stage } from '../config/stage.ts';
import { type BoundaryDecision, readPolicy, simulateBoundary } from '../shared/aws/account.ts';
import { type Check, type CheckOutcome, checkAnswer, checkThat, failed, ok, unknown } from './check.ts';
import { type Need, needOf } from './needs.ts';
import { stackName, type Template } from './package.ts';
import { referencesOf } from './references.ts';
import { type RoleRight, rightsOfRoles } from './role-rights.ts';

/** ARNs per request; IAM answers for each action on each of them. */
const RESOURCES_AT_ONCE = 25;
const QUESTIONS_AT_ONCE = 4;
const RIGHTS_SHOWN = 8;

/**
 * Whether the permissions boundary of a stage exists and allows what every role of the compiled template may do.
 *
 * @param compile compiles the template of the stage; only called if there is a boundary
 */
export async function boundaryChecks(
  stage: Stage,
  account: string,
  compile: () => Promise<Template>,
): Promise<Check[]> {
  const { permissionsBoundary: given } = stage;
  if (given === '') return [];
  const arn = given.startsWith('arn:') ? given : `arn:aws:iam::${account}:policy/${given}`;
  const { check: there, answer: boundary } = await checkAnswer(
    {
      name: 'Permissions boundary',
      needs: 'a managed policy of this account whose text can be read',
      fix: 'set permissionsBoundary to the name or ARN of a policy of this account',
    },
    () => readPolicy(arn),
    () => ok(arn),
  );
  if (boundary === null) return [there];
  const rights = rightsOfStage(await compile(), stage, account);
  const decisions = decide(boundary, rights, stage, account);
  const parts = { deployment: 'for the deployment', run: 'for runs' } as const;
  const checks: Check[] = [];
  for (const [shows, words] of Object.entries(parts) as [Need['shows'], string][])
    checks.push(
      await checkThat(
        {
          name: `Permissions boundary, ${words}`,
          needs: 'a boundary that allows what the roles of the stack do',
          fix: 'have these actions added to the boundary; docs/boundary.md says what each is for and has a sufficient policy',
          ...(shows === 'run' && { isForRuns: true }),
        },
        async () =>
          boundaryFinding(
            rights.filter(({ action }) => needOf(action).shows === shows),
            await decisions,
          ),
      ),
    );
  return [there, ...checks];
}

/** What the roles of a stage may do, with the names that resources would have in its account. */
function rightsOfStage(template: Template, stage: Stage, account: string): RoleRight[] {
  const references = referencesOf(template, {
    account,
    region: stage.region,
    nameUnnamed: (id, type) =>
      type === 'AWS::KMS::Key'
        ? '00000000-0000-0000-0000-000000000000'
        : `${stackName(stage)}-${id}-1A2B3C4D5E6F`,
  });
  return rightsOfRoles(template, references).map((right) => ({
    ...right,
    resource: exampleOf(right.resource),
  }));
}

/** A resource that matches a pattern, as a request would name it; below a log group, that is a stream. */
const exampleOf = (pattern: string): string =>
  pattern === '*'
    ? pattern
    : pattern
        .replace(/^(arn:aws:logs:.*:log-group:[^*]+):\*$/, '$1:log-stream:example')
        .replaceAll('*', 'example')
        .replaceAll('?', 'x');

/** Checks the rights of one service together. */
async function decide(
  boundary: string,
  rights: readonly RoleRight[],
  { region }: Stage,
  account: string,
): Promise<Map<string, BoundaryDecision>> {
  const groups = new Map<
    string,
    { actions: Set<string>; resources: Set<string>; context: RoleRight['context'] }
  >();
  for (const { action, resource, context } of rights) {
    const [service] = action.split(':');
    const key = JSON.stringify([service, resource === '*', context]);
    const group = groups.get(key) ?? { actions: new Set(), resources: new Set(), context };
    group.actions.add(action);
    group.resources.add(resource);
    groups.set(key, group);
  }
  const questions = [...groups.values()].flatMap(({ actions, resources, context }) =>
    chunksOf([...resources], RESOURCES_AT_ONCE).map((chunk) => ({
      actions: [...actions],
      resources: chunk,
      context: {
        'aws:RequestedRegion': [region],
        'aws:PrincipalAccount': [account],
        'aws:SecureTransport': ['true'],
        ...Object.fromEntries(Object.entries(context).map(([key, values]) => [key, values.map(exampleOf)])),
      },
    })),
  );
  const answers = await pMap(questions, (asked) => simulateBoundary(boundary, asked), {
    concurrency: QUESTIONS_AT_ONCE,
  });
  return new Map(answers.flat().map((decision) => [keyOf(decision), decision]));
}

const keyOf = ({ action, resource }: { action: string; resource: string }): string => `${action} ${resource}`;

/** @param decisions by action and resource */
function boundaryFinding(
  rights: readonly RoleRight[],
  decisions: ReadonlyMap<string, Pick<BoundaryDecision, 'isAllowed' | 'missing'>>,
): CheckOutcome {
  const refused: RoleRight[] = [];
  const open: RoleRight[] = [];
  const keys = new Set<string>();
  for (const right of rights) {
    const decision = decisions.get(keyOf(right));
    if (decision?.isAllowed) continue;
    if (decision && decision.missing.length === 0) refused.push(right);
    else {
      open.push(right);
      for (const key of decision?.missing ?? []) keys.add(key);
    }
  }
  const roles = new Set(rights.map(({ role }) => role)).size;
  if (refused.length > 0) return failed(`it refuses ${describe(refused)}`);
  if (open.length > 0)
    return unknown(
      `could not be checked for ${describe(open)}${keys.size > 0 ? `: it hangs on ${[...keys].join(', ')}, which only a request tells` : ''}`,
    );
  return ok(`lets pass ${rights.length} rights of ${roles} roles`);
}

/** ec2:CreateNetworkInterface on * (PrepareRunRole and 8 others), … */
function describe(rights: readonly RoleRight[]): string {
  const roles = new Map<string, string[]>();
  for (const right of rights)
    roles.set(`${right.action} on ${right.resource}`, [
      ...(roles.get(`${right.action} on ${right.resource}`) ?? []),
      right.role,
    ]);
  const told = [...roles].map(([right, of]) =>
    of.length === 1 ? `${right} (${of[0]})` : `${right} (${of[0]} and ${of.length - 1} more)`,
  );
  const left = told.length - RIGHTS_SHOWN;
  return `${told.slice(0, RIGHTS_SHOWN).join('; ')}${left > 0 ? `; and ${left} more` : ''}`;
}

function chunksOf<Value>(values: readonly Value[], size: number): Value[][] {
  const chunks: Value[][] = [];
  for (let first = 0; first < values.length; first += size) chunks.push(values.slice(first, first + size));
  return chunks;
}
