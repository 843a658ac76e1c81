import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { S3_ACTIONS } from '../../deployment/bucket-policy.ts';
import type { Template } from '../../deployment/package.ts';
import { referencesOf } from '../../deployment/references.ts';
import { rightsOfRoles } from '../../deployment/role-rights.ts';
import { boundaryPolicy, describeBoundary, MAX_POLICY_CHARACTERS } from '../../docs/describe-boundary.ts';
import { BOUNDARY_FILE, describeTemplate, RESOURCES_FILE } from '../../docs/generate-resources.ts';
import { PACKAGING_MS, packageOnce } from '../fixtures/packages.ts';
import { isAllowed, type Statement } from '../templates/iam.ts';

let template: Template;
beforeAll(async () => {
  ({ template } = await packageOnce('example'));
}, PACKAGING_MS);

test('the page of resources and permissions is that of the compiled template (npm run resources)', () => {
  expect(readFileSync(RESOURCES_FILE, 'utf8')).toBe(describeTemplate(template));
});

describe('the page of what a permissions boundary must allow', () => {
  const page = () => readFileSync(BOUNDARY_FILE, 'utf8');
  const place = {
    account: '111122223333',
    region: 'us-west-2',
    nameUnnamed: (id: string) => `fpe-example-rank-${id}-1A2B3C4D5E6F`,
  };
  const rights = () => rightsOfRoles(template, referencesOf(template, place));
  /** The policy of the page, with the names of a stage. */
  const policy = () => {
    const [, text] = /```json\n([\s\S]+?)```/.exec(page()) as RegExpExecArray;
    const names = {
      '{account}': place.account,
      '{region}': place.region,
      '{containers}': '763104351884',
      '{app}-{stage}': 'fpe-example',
      '{storageBucket}': 'usgs-chs-conte-prod-fpe-storage',
      '{modelBucket}': 'usgs-chs-conte-prod-fpe-models',
      '{dbSecret}': 'fpe-prod-db-secret',
    };
    return JSON.parse(
      Object.entries(names).reduce((result, [name, value]) => result.replaceAll(name, value), text as string),
    ) as { Statement: Statement[] };
  };

  test('is that of the compiled template (npm run resources)', () => {
    expect(page()).toBe(describeBoundary(template));
  });

  test('holds a policy that lets pass whatever a role may do, and fits into a managed policy', () => {
    const { Statement } = policy();

    const refused = rights().filter(
      ({ action, resource }) => !isAllowed(Statement, { action, resource: resource.replaceAll('?', 'x') }),
    );

    expect(rights().length).toBeGreaterThan(300);
    expect(refused).toEqual([]);
    expect(JSON.stringify(policy()).length).toBeLessThan(MAX_POLICY_CHARACTERS);
  });

  test('names every action of every role', () => {
    const missing = rights().filter(({ action }) => !page().includes(`\`${action}\``));

    expect(missing).toEqual([]);
  });

  test('names no action on buckets that the refusals of their policies are not searched for', () => {
    const actions = new Set(rights().flatMap(({ action }) => (action.startsWith('s3:') ? [action] : [])));

    expect([...actions].sort()).toEqual([...S3_ACTIONS].sort());
  });

  test('is refused for an action of which nobody has said what is not there without it', () => {
    const role = (Action: string) => ({
      Resources: {
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: {
            Policies: [{ PolicyDocument: { Statement: [{ Effect: 'Allow', Action, Resource: '*' }] } }],
          },
        },
      },
    });

    expect(() => describeBoundary(role('bedrock:InvokeModel'))).toThrow('without bedrock:InvokeModel');
    expect(describeBoundary(role('s3:GetObject'))).toContain('`s3:GetObject`');
  });

  test('has a policy that is no wider than a service and the names of the stage', () => {
    const { Statement } = boundaryPolicy(rights());

    const actions = Statement.flatMap(({ Action }) => Action);

    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
    expect(Statement.filter(({ Resource }) => Resource.includes('*'))).toHaveLength(1);
  });
});
