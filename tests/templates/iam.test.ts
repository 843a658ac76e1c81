import { describe, expect, test } from '@jest/globals';
import { isAllowed, type Statement } from './iam.ts';

const allow = (change: Partial<Statement> = {}): Statement => ({
  Effect: 'Allow',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::models/rank/*',
  ...change,
});
const read = { action: 's3:GetObject', resource: 'arn:aws:s3:::models/rank/29/claim.json' };

describe('the simulation of roles', () => {
  test('allows what a statement names, and nothing else', () => {
    expect(isAllowed([allow()], read)).toBe(true);
    expect(isAllowed([allow()], { ...read, action: 's3:PutObject' })).toBe(false);
    expect(isAllowed([allow()], { ...read, resource: 'arn:aws:s3:::models/weights/a.pth' })).toBe(false);
    expect(isAllowed([], read)).toBe(false);
  });

  test('lets a denial win over a permission', () => {
    expect(isAllowed([allow(), allow({ Effect: 'Deny', Resource: '*/claim.json' })], read)).toBe(false);
  });

  test('takes a question mark for one character, and every other one as it is', () => {
    const secret = (resource: string) =>
      isAllowed([allow({ Resource: 'arn:aws:secretsmanager:r:0:secret:db-??????' })], { ...read, resource });

    expect(secret('arn:aws:secretsmanager:r:0:secret:db-AbCdEf')).toBe(true);
    expect(secret('arn:aws:secretsmanager:r:0:secret:db-other-AbCdEf')).toBe(false);
    expect(secret('arn:aws:secretsmanager:r:0:secret:db-AbCdE')).toBe(false);
  });

  test('needs the value that a condition asks for', () => {
    const onlySageMaker = [
      allow({ Condition: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } } }),
    ];
    const passedTo = (service: string) =>
      isAllowed(onlySageMaker, { ...read, context: { 'iam:PassedToService': service } });

    expect(passedTo('sagemaker.amazonaws.com')).toBe(true);
    expect(passedTo('lambda.amazonaws.com')).toBe(false);
    expect(isAllowed(onlySageMaker, read)).toBe(false);
  });

  test('refuses a condition that it does not know', () => {
    const unknown = allow({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } });

    expect(() => isAllowed([unknown], { ...read, context: { 'aws:SourceIp': '10.0.0.1' } })).toThrow(
      'IpAddress',
    );
  });
});
