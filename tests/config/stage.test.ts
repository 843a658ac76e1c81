// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are CloudFormation’s
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { compilerParameters } from '../../config/compiler-parameters.ts';
import { containerImages, ecrImage, SERVING_PYTHON } from '../../config/containers.ts';
import { readStage, StageInvalid, stageNames, stageParameters } from '../../config/stage.ts';

const EXAMPLE = join(import.meta.dirname, '../../config/example.yml');
const needed = {
  storageBucket: 'photos',
  modelBucket: 'models',
  vpcId: 'vpc-0123456789abcdef0',
  privateSubnetIds: ['subnet-0123456789abcdef0'],
  dbSecret: 'fpe-db-secret',
  databaseSecurityGroupId: 'sg-0123456789abcdef0',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads a stage `test` whose file holds the needed parameters and these. */
function read(change: object, stage = 'test') {
  writeFileSync(join(folder, `${stage}.yml`), stringify({ ...needed, ...change }));
  return readStage(stage, folder);
}

/** What is said of a file, as a StageInvalid. */
function complaint(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(StageInvalid);
    return (error as Error).message;
  }
  throw new Error('It was accepted');
}

test.each<[string, object, string]>([
  [
    'an image of another region',
    { trainingImage: '763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13.0' },
    'trainingImage is in us-east-1',
  ],
  [
    'a secret of another region',
    { dbSecret: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf' },
    'dbSecret is in eu-west-1',
  ],
  [
    'a boundary of another partition',
    { permissionsBoundary: 'arn:aws-us-gov:iam::123456789012:policy/bound' },
    'commercial partition',
  ],
  ['a boundary that FPE calls none', { permissionsBoundary: 'NONE' }, 'leave it empty'],
])('%s is refused', (_, change, words) => {
  expect(complaint(() => read(change))).toContain(words);
});

test('what lies in the region of the stage is accepted', () => {
  const places = {
    servingImage: '763104351884.dkr.ecr.us-west-2.amazonaws.com/pytorch-inference:2.6.0',
    dbSecret: 'arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbCdEf',
    permissionsBoundary: 'arn:aws:iam::123456789012:policy/bound',
  };

  expect(read(places)).toMatchObject(places);
});

describe('the file of a stage', () => {
  test('tells account, region, buckets and network: six facts are needed, the rest has defaults (Q-T13)', () => {
    expect(read({})).toMatchObject({
      ...needed,
      stage: 'test',
      appName: 'fpe',
      region: 'us-west-2',
      databaseTls: 'verify',
    });
  });

  test('that is not there is missed by name, with those there are and what to do', () => {
    read({}, 'here');

    const message = complaint(() => readStage('prod', folder));

    expect(message).toContain('config/prod.yml');
    expect(message).toMatch(/There: .*here/);
    expect(message).toContain('copy config/example.yml');
  });

  test('that is wrong in several places says all of them at once', () => {
    const message = complaint(() =>
      read({
        vpcId: 'my-vpc',
        mergeConcurrency: 41,
        logRetentionDays: 8,
        notificationEmail: 'team',
        dbSecret: undefined,
      }),
    );

    expect(message).toContain('config/test.yml has 5 faults');
    for (const said of [
      'vpcId is "my-vpc": expected an id such as vpc-',
      'mergeConcurrency is 41',
      'logRetentionDays is 8: expected one of 1, 3',
      'notificationEmail is "team"',
      'dbSecret is missing',
    ])
      expect(message).toContain(said);
  });

  test.each([
    [
      'a name that is not known',
      { storagebucket: 'x' },
      'storagebucket is not a parameter, did you mean storageBucket?',
    ],
    ['an address instead of a bucket', { modelBucket: 's3://models/' }, 'expected the name of a bucket'],
    ['no subnet', { privateSubnetIds: [] }, 'expected at least one subnet'],
    [
      'a subnet twice',
      { privateSubnetIds: [...needed.privateSubnetIds, ...needed.privateSubnetIds] },
      'each subnet once',
    ],
    [
      'an image without a tag',
      { trainingImage: 'training' },
      'expected a container image with its registry and tag',
    ],
    ['a number as text', { databasePort: 'x' }, 'databasePort is "x"'],
    [
      'five fields of time',
      { nightlyCron: 'cron(0 3 * * *)' },
      'nightlyCron is "cron(0 3 * * *)": expected cron(',
    ],
    ['both days of a time', { monthlyCron: 'cron(0 3 1 * 2 *)' }, 'with ? for one of the days'],
    ['a time zone that is none', { scheduleTimezone: 'Eastern' }, 'such as America/New_York'],
    ['an offset as a time zone', { scheduleTimezone: '+05:00' }, 'such as America/New_York'],
    ['a boundary with spaces', { permissionsBoundary: 'no such policy' }, 'permissionsBoundary is'],
    ['weights elsewhere', { weightsKey: 'rank/1/claim.json' }, 'expected a key that begins with weights/'],
    ['GovCloud', { region: 'us-gov-west-1' }, 'expected a region of AWS’s commercial partition'],
    [
      'GovCloud with images of its own',
      { region: 'us-gov-east-1', trainingImage: 'here/a:1', servingImage: 'here/b:1' },
      'expected a region of AWS’s commercial partition',
    ],
    ['China', { region: 'cn-north-1' }, 'expected a region of AWS’s commercial partition'],
    ['a region that is misspelled', { region: 'us-vest-2' }, 'us-east-2, us-west-1, us-west-2'],
    [
      'a region without AWS’s containers and one image of its own',
      { region: 'eu-north-9', trainingImage: 'here/a:1' },
      'give both trainingImage and servingImage',
    ],
    [
      'names that are too long together',
      { appName: 'flowphotoexplorer' },
      'more than 16 characters together',
    ],
  ])('refuses %s', (_, change, message) => {
    expect(complaint(() => read(change))).toContain(message);
  });

  test('that is empty, or no YAML, is said to be', () => {
    writeFileSync(join(folder, 'empty.yml'), '');
    writeFileSync(join(folder, 'torn.yml'), 'vpcId: [');

    expect(complaint(() => readStage('empty', folder))).toContain('storageBucket is missing');
    expect(complaint(() => readStage('torn', folder))).toContain('config/torn.yml is not YAML');
  });

  test.each([
    'dbPassword: "Zq7#vK2m',
    'Zq7#vK2m: {\n',
    'a: !Zq7vK2m [\n',
    '- Zq7vK2m\nb: 1',
    'a: &Zq7vK2m\n*Zq7vK2: 1',
    'a: |Zq7vK2m',
    '%Zq7vK2m\n---\n- [',
    'dbSecret: \'{"password": "Zq7#vK2m"}\'',
    'usgsApiKeySecret: Zq7#vK2m',
  ])('that holds a secret, as %j does, is refused without showing it', (text) => {
    writeFileSync(join(folder, 'leaky.yml'), text);

    const said = complaint(() => readStage('leaky', folder));

    expect(said).toContain('config/leaky.yml');
    expect(said).not.toMatch(/Zq7#?vK2/);
  });

  test.each(['Prod', 'my-stage', '../secrets', ''])('cannot be called “%s”', (stage) => {
    expect(complaint(() => readStage(stage, folder))).toContain('cannot be a stage');
  });
});

describe('config/example.yml', () => {
  const text = readFileSync(EXAMPLE, 'utf8');

  test('shows every parameter, each under a comment', () => {
    const shown = Object.keys(parse(text));

    expect(shown.sort()).toEqual(Object.keys(stageParameters.shape).sort());
  });

  test('shows the defaults, but where it says otherwise', () => {
    const example = parse(text);
    const defaults = stageParameters.parse(needed);

    const differing = Object.entries(defaults).filter(
      ([name, value]) => !(name in needed) && example[name] !== value,
    );

    expect(differing.map(([name]) => name).sort()).toEqual(['notificationEmail', 'permissionsBoundary']);
  });
});

test('every stage of the project can be read', () => {
  expect(stageNames().length).toBeGreaterThanOrEqual(2);
  for (const stage of stageNames()) expect(readStage(stage)).toMatchObject({ stage });
});

describe('The library that scores', () => {
  test('goes along for the Python of AWS’s container, and on a local stack for that of its computer', () => {
    expect(compilerParameters(read({}), '1.0').wheels).toBe('*-cp312-*_x86_64.whl');
    expect(compilerParameters(readStage('local'), '1.0').wheels).toBe('*.whl');
  });

  test('is fetched by the set-up for the Python of AWS’s container', () => {
    const setUp = readFileSync(join(import.meta.dirname, '../../local/setup.js'), 'utf8');

    expect(`cp${/SERVING_PYTHON = \{ version: '([\d.]+)'/.exec(setUp)?.[1]?.replace('.', '')}`).toBe(
      SERVING_PYTHON,
    );
  });
});

describe('what follows from a stage', () => {
  test('the containers of AWS in its region, from the account that keeps them there', () => {
    const images = (region: string) => containerImages(read({ region })).serving.split('/')[0];

    expect(images('us-west-2')).toBe('763104351884.dkr.ecr.us-west-2.amazonaws.com');
    expect(images('eu-south-1')).toBe('692866216735.dkr.ecr.eu-south-1.amazonaws.com');
  });

  test('a stage’s own containers in a region where AWS keeps none', () => {
    const own = { trainingImage: 'registry.example/train:1', servingImage: 'registry.example/serve:1' };

    const stage = read({ region: 'eu-north-9', ...own });

    expect(containerImages(stage)).toEqual({ training: own.trainingImage, serving: own.servingImage });
  });

  test('the repository that an image is pulled from', () => {
    expect(ecrImage('111122223333.dkr.ecr.us-east-1.amazonaws.com/team/fpe:1.0')).toEqual({
      account: '111122223333',
      region: 'us-east-1',
      repository: 'team/fpe',
      tag: '1.0',
      digest: undefined,
    });
    expect(ecrImage('public.ecr.aws/team/fpe:1.0')).toBeNull();
  });

  test.each([
    [
      'a name',
      'fpe-boundary',
      { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/fpe-boundary' },
    ],
    ['an ARN', 'arn:aws:iam::111122223333:policy/b', 'arn:aws:iam::111122223333:policy/b'],
    ['nothing', '', { Ref: 'AWS::NoValue' }],
  ])('the boundary of roles, from %s', (_, permissionsBoundary, expected) => {
    expect(compilerParameters(read({ permissionsBoundary }), '1.0.0').permissionsBoundary).toEqual(expected);
  });

  test('the ARN of a secret, whose last six characters a name does not tell', () => {
    const arn = 'arn:aws:secretsmanager:us-west-2:111122223333:secret:fpe-AbCdEf';

    expect(compilerParameters(read({}), '1.0.0').dbSecretArn).toEqual({
      'Fn::Sub':
        'arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:fpe-db-secret-??????',
    });
    expect(compilerParameters(read({ dbSecret: arn }), '1.0.0').dbSecretArn).toBe(arn);
  });

  test('no right to a key of USGS where there is none', () => {
    expect(compilerParameters(read({}), '1.0.0').readUsgsApiKey).toEqual({ Ref: 'AWS::NoValue' });
    expect(compilerParameters(read({ usgsApiKeySecret: 'usgs' }), '1.0.0').readUsgsApiKey).toMatchObject({
      Effect: 'Allow',
    });
  });
});
