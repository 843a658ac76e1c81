import { describe, expect, test } from '@jest/globals';
import { S3_ACTIONS } from '../../deployment/bucket-policy.ts';
import { encryptionOutcome, policyFinding } from '../../deployment/buckets.ts';
import type { PolicyStatement } from '../../shared/aws/policy-document.ts';

const ACCOUNT = '111122223333';
const asked = { account: ACCOUNT, bucket: 'photos', places: ['imagesets/1/images/1.jpg', 'models/1/a.csv'] };
const deny = (change: Partial<PolicyStatement> = {}): PolicyStatement => ({
  Sid: 'Refuse',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: ['arn:aws:s3:::photos', 'arn:aws:s3:::photos/*'],
  ...change,
});
const statusOf = (...statements: PolicyStatement[]) => policyFinding(statements, asked).status;
const when = (Condition: NonNullable<PolicyStatement['Condition']>) => statusOf(deny({ Condition }));

describe('a policy of a bucket', () => {
  test('without a Deny is in order', () => {
    expect(policyFinding([], asked)).toEqual({ status: 'ok', found: 'no Deny' });
    expect(statusOf(deny({ Effect: 'Allow' }))).toBe('ok');
  });

  test.each<[string, NonNullable<PolicyStatement['Condition']>]>([
    ['refuses requests without TLS', { Bool: { 'aws:SecureTransport': 'false' } }],
    ['refuses old TLS', { NumericLessThan: { 's3:TlsVersion': '1.2' } }],
    ['refuses other accounts', { StringNotEquals: { 'aws:PrincipalAccount': ACCOUNT } }],
    ['refuses a header that uploads do not have', { StringEquals: { 's3:x-amz-acl': 'public-read' } }],
    ['refuses uploads that name an encryption', { Null: { 's3:x-amz-server-side-encryption': 'false' } }],
  ])('that %s does not meet the stack', (_, condition) => {
    expect(when(condition)).toBe('ok');
  });

  test.each<[string, NonNullable<PolicyStatement['Condition']>]>([
    ['lets in what comes from a VPC alone', { StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } }],
    ['lets in what comes by an endpoint alone', { StringNotEqualsIfExists: { 'aws:SourceVpce': 'vpce-1' } }],
    ['lets in some addresses alone', { NotIpAddress: { 'aws:SourceIp': ['203.0.113.0/24'] } }],
    [
      'asks uploads for a header about encryption',
      { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } },
    ],
    ['asks uploads for any such header', { Null: { 's3:x-amz-server-side-encryption': 'true' } }],
    ['refuses without a condition', {}],
  ])('that %s fails jobs and functions', (_, condition) => {
    expect(when(condition)).toBe('failed');
  });

  test('is told with the name of the statement, what it denies and when', () => {
    const { found } = policyFinding(
      [deny({ Sid: 'OnlyVpc', Condition: { StringNotEquals: { 'aws:SourceVpc': ['vpc-1', 'vpc-2'] } } })],
      asked,
    );

    expect(found).toBe('OnlyVpc denies s3:* if StringNotEquals aws:SourceVpc vpc-1, vpc-2');
  });

  test.each<[string, Partial<PolicyStatement>]>([
    ['excepts some roles', { Condition: { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::1:role/x' } } }],
    ['means all but some', { Principal: undefined, NotPrincipal: { AWS: 'arn:aws:iam::1:role/x' } }],
    ['compares with sets', { Condition: { 'ForAnyValue:StringNotEquals': { 'aws:SourceVpc': 'vpc-1' } } }],
  ])('that %s is to be read by a person', (_, change) => {
    const finding = policyFinding([deny(change)], asked);

    expect(finding.status).toBe('warning');
    expect(finding.found).toContain('cannot be told from here: Refuse denies s3:*');
  });

  test.each<[string, Partial<PolicyStatement>]>([
    ['somebody else', { Principal: { AWS: 'arn:aws:iam::1:role/x' } }],
    ['what the stack does not do', { Action: ['s3:PutBucketPolicy', 's3:DeleteBucket'] }],
    ['all but what the stack does', { Action: undefined, NotAction: S3_ACTIONS }],
    ['a place where the stack has nothing', { Resource: 'arn:aws:s3:::photos/private/*' }],
    ['all places but those of the stack', { Resource: undefined, NotResource: 'arn:aws:s3:::photos*' }],
  ])('about %s does not meet the stack', (_, change) => {
    expect(statusOf(deny(change))).toBe('ok');
  });

  test.each([{ AWS: '*' }, { AWS: ['x', ACCOUNT] }, { AWS: `arn:aws:iam::${ACCOUNT}:root` }])(
    'means the roles of the stack by %j',
    (Principal) => {
      expect(statusOf(deny({ Principal }))).toBe('failed');
    },
  );
});

describe('the default encryption', () => {
  const kms = (kmsKey: string | null) => ({ algorithm: 'aws:kms', kmsKey });

  test.each([
    [{ algorithm: 'AES256', kmsKey: null }, 'ok', 'ok'],
    // The website reads without credentials, for which S3 decrypts nothing.
    [kms(null), 'failed', 'ok'],
    [kms('arn:aws:kms:us-west-2:1:alias/aws/s3'), 'failed', 'ok'],
    [kms('arn:aws:kms:us-west-2:1:key/1'), 'failed', 'failed'],
  ])('%j of the storage bucket is %s, of the model bucket %s', (encryption, ofStorage, ofModels) => {
    expect(encryptionOutcome(encryption, true).status).toBe(ofStorage);
    expect(encryptionOutcome(encryption, false).status).toBe(ofModels);
  });
});
