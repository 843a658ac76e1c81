import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { stageParameters } from '../../config/stage.ts';
import { ENVIRONMENT_OUTPUTS } from '../../environment/stage-file.ts';
import { datasetKeys, modelKeys, passingPrefix, runKeys, versionKeys } from '../../shared/execution/keys.ts';
import { modelTypes } from '../../shared/model-types/registry.ts';

type Properties = Record<string, unknown>;
type Resource = { Type: string; Condition?: string; DeletionPolicy?: string; Properties?: Properties };
type Statement = {
  Sid: string;
  Effect: 'Allow' | 'Deny';
  Principal: unknown;
  Action: string;
  Resource: unknown[];
  Condition?: unknown;
};
type Template = {
  Parameters: Record<string, { Default: string; AllowedPattern: string }>;
  Resources: Record<string, Resource>;
  Outputs: Record<string, unknown>;
};

const text = readFileSync(join(import.meta.dirname, '..', '..', 'environment', 'template.yml'), 'utf8');
const template: Template = parse(text);
const { Parameters, Resources, Outputs } = template;
const ofType = (type: string): [string, Properties][] =>
  Object.entries(Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([name, { Properties = {} }]) => [name, Properties]);
const propertiesOf = (name: string): Properties => Resources[name]?.Properties ?? {};
const policies = ofType('AWS::S3::BucketPolicy').map(([, properties]) => ({
  bucket: (properties.Bucket as { Ref: string }).Ref,
  statements: (properties.PolicyDocument as { Statement: Statement[] }).Statement,
}));

test('the template fits into one request to CloudFormation', () => {
  expect(Buffer.byteLength(text)).toBeLessThan(51_200);
});

test('the outputs are the parameters of a stage that it has no default for, and the host and port of the database', () => {
  const names = Object.keys(stageParameters.shape);
  const capital = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const needed = names.filter((name) => {
    const schema = stageParameters.shape[name as keyof typeof stageParameters.shape];
    return !schema.safeParse(undefined).success || name === 'dbHost' || name === 'databasePort';
  });

  expect(Object.keys(Outputs).sort()).toEqual(needed.map(capital).sort());
  expect([...ENVIRONMENT_OUTPUTS].sort()).toEqual(Object.keys(Outputs).sort());
});

test('no role is made', () => {
  expect(Object.values(Resources).filter(({ Type }) => Type.startsWith('AWS::IAM::'))).toEqual([]);
});

test('whatever keeps data is deleted with the stack, without snapshots and backups', () => {
  for (const name of ['StorageBucket', 'ModelBucket', 'Database'])
    expect(Resources[name]).toMatchObject({ DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' });
  expect(propertiesOf('Database')).toMatchObject({
    BackupRetentionPeriod: 0,
    DeleteAutomatedBackups: true,
    DeletionProtection: false,
  });
});

describe('buckets', () => {
  test.each(ofType('AWS::S3::Bucket'))(
    '%s is encrypted and ends uploads that nobody finished',
    (_name, properties) => {
      expect(properties).toMatchObject({
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      });
      const { Rules } = properties.LifecycleConfiguration as { Rules: unknown[] };
      expect(Rules).toContainEqual({
        Id: 'abort-stale-uploads',
        Status: 'Enabled',
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      });
    },
  );

  test.each(policies)('$bucket refuses every request without TLS', ({ bucket, statements }) => {
    expect(statements).toContainEqual({
      Sid: 'RefuseWithoutTls',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: [{ 'Fn::GetAtt': [bucket, 'Arn'] }, { 'Fn::Sub': `\${${bucket}.Arn}/*` }],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
  });

  test('every bucket has a policy', () => {
    expect(policies.map(({ bucket }) => bucket).sort()).toEqual(
      ofType('AWS::S3::Bucket')
        .map(([name]) => name)
        .sort(),
    );
  });

  test('everyone may read photos, thumbnails and published models, and nothing else', () => {
    const allowed = policies.flatMap(({ statements }) =>
      statements.filter(({ Effect }) => Effect === 'Allow'),
    );

    expect(allowed).toEqual([
      {
        Sid: 'WebsiteReads',
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: ['imagesets/*/images/*', 'imagesets/*/thumbs/*', 'models/*'].map((keys) => ({
          'Fn::Sub': `\${StorageBucket.Arn}/${keys}`,
        })),
      },
    ]);
  });

  test('the model bucket deletes what runs write in passing, after every run that could read it', () => {
    const { Rules } = propertiesOf('ModelBucket').LifecycleConfiguration as { Rules: Properties[] };
    const maxTrainingDays = 672 / 24;
    const redriveDays = 14;

    const rules = Rules.filter(({ ExpirationInDays }) => ExpirationInDays);
    const expires = (key: string) => rules.some(({ Prefix }) => key.startsWith(Prefix as string));

    expect(rules.map(({ Prefix }) => Prefix)).toEqual(modelTypes().map(passingPrefix));
    for (const { ExpirationInDays } of rules)
      expect(ExpirationInDays).toBeGreaterThan(maxTrainingDays + redriveDays);
    for (const type of modelTypes()) {
      const { claim, dataset_claim, ...ofRun } = runKeys(type, 29, 'A', 'B', 'run');
      const kept = [
        modelKeys(type, 29, 'B'),
        datasetKeys(type, 29, 'A'),
        versionKeys(type, 29, 'B', 'uuid'),
        { claim, dataset_claim },
      ];
      expect(keysOf(ofRun).every(expires)).toBe(true);
      expect(keysOf(kept).some(expires)).toBe(false);
    }
  });

  test('the model bucket is encrypted and can never be made public (Q-F5)', () => {
    expect(JSON.stringify(propertiesOf('ModelBucket').BucketEncryption)).toContain('"SSEAlgorithm":"AES256"');
    expect(propertiesOf('ModelBucket').PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    });
  });
});

describe('network', () => {
  test.each(ofType('AWS::EC2::SecurityGroup'))(
    '%s lets in the functions’ subnets at most, and nothing out',
    (_name, properties) => {
      const ingress = (properties.SecurityGroupIngress ?? []) as { CidrIp: string; FromPort: number }[];
      const functions = ['PrivateSubnetA', 'PrivateSubnetB'].map((name) => propertiesOf(name).CidrBlock);

      expect(
        ingress.filter(({ CidrIp, FromPort }) => FromPort !== 443 || !functions.includes(CidrIp)),
      ).toEqual([]);
      expect(properties.SecurityGroupEgress).toMatchObject([{ CidrIp: '127.0.0.1/32' }]);
    },
  );

  test('the database is closed but for the developer, who has to be named', () => {
    expect(ofType('AWS::EC2::SecurityGroupIngress').map(([name]) => name)).toEqual(['DeveloperIngress']);
    expect(Resources.DeveloperIngress).toMatchObject({
      Condition: 'LetsDeveloperIn',
      Properties: { FromPort: 5432, ToPort: 5432, CidrIp: { Ref: 'DeveloperCidr' } },
    });
    expect(Parameters.DeveloperCidr?.Default).toBe('');
  });

  test.each([
    ['', true],
    ['203.0.113.7/32', true],
    ['203.0.113.0/24', true],
    ['203.0.112.0/23', false],
    ['0.0.0.0/0', false],
    ['203.0.113.7', false],
  ])('“%s” as the developer’s addresses: %p', (cidr, isTaken) => {
    expect(new RegExp(Parameters.DeveloperCidr?.AllowedPattern ?? '').test(cidr)).toBe(isTaken);
  });

  test('a way to the internet exists for the developer’s addresses only', () => {
    const routes = ofType('AWS::EC2::Route');

    expect(routes.map(([name]) => Resources[name]?.Condition)).toEqual(['LetsDeveloperIn']);
    expect(routes[0]?.[1]).toMatchObject({
      RouteTableId: { Ref: 'PublicRoutes' },
      DestinationCidrBlock: { Ref: 'DeveloperCidr' },
    });
    expect(ofType('AWS::EC2::Route')).toHaveLength(1);
    expect(Resources.PublicRoute?.Condition).toBe('LetsDeveloperIn');
    // RDS refuses a public database before the gateway is there.
    expect((Resources.Database as { DependsOn?: string }).DependsOn).toBe('InternetGatewayAttachment');
  });

  test('the functions’ subnets reach S3, Secrets Manager and Step Functions', () => {
    const services = ofType('AWS::EC2::VPCEndpoint').map(([, properties]) => [
      (properties.ServiceName as { 'Fn::Sub': string })['Fn::Sub'].split('.').at(-1),
      properties.VpcEndpointType,
    ]);

    expect(services.sort()).toEqual([
      ['s3', 'Gateway'],
      ['secretsmanager', 'Interface'],
      ['states', 'Interface'],
    ]);
  });
});

test('the database is encrypted, speaks TLS only, and its password is the affair of RDS', () => {
  expect(propertiesOf('Database')).toMatchObject({
    StorageEncrypted: true,
    ManageMasterUserPassword: true,
    DBParameterGroupName: { Ref: 'DatabaseParameters' },
    PubliclyAccessible: { 'Fn::If': ['LetsDeveloperIn', true, false] },
  });
  expect(propertiesOf('Database')).not.toHaveProperty('MasterUserPassword');
  expect(propertiesOf('DatabaseParameters')).toMatchObject({
    Family: 'postgres18',
    Parameters: { 'rds.force_ssl': '1' },
  });
});

const keysOf = (keys: object): string[] =>
  Object.values(keys).flatMap((key) => (typeof key === 'string' ? [key] : keysOf(key)));
