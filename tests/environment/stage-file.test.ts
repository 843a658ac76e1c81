import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { readStage, StageInvalid } from '../../config/stage.ts';
import { stageFileText } from '../../environment/stage-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'fpe-stage-'));
afterAll(() => rmSync(folder, { recursive: true }));

const OUTPUTS = {
  StorageBucket: 'fpe-dev-storage-111122223333-us-west-2',
  ModelBucket: 'fpe-dev-models-111122223333-us-west-2',
  VpcId: 'vpc-0123456789abcdef0',
  PrivateSubnetIds: 'subnet-0123456789abcdef0,subnet-0123456789abcdef1',
  DbSecret:
    'arn:aws:secretsmanager:us-west-2:111122223333:secret:rds!db-0f0e0d0c-1111-4222-8333-944455556666-AbCdEf',
  DbHost: 'fpe-dev.abcdefghijkl.us-west-2.rds.amazonaws.com',
  DatabasePort: '5432',
  DatabaseSecurityGroupId: 'sg-0123456789abcdef0',
};
const PLACE = { appName: 'fpe', region: 'us-west-2' };

test('the file that is written from the outputs of an environment is read as a stage', () => {
  writeFileSync(join(folder, 'dev.yml'), stageFileText(OUTPUTS, PLACE));

  const stage = readStage('dev', folder);

  expect(stage).toMatchObject({
    stage: 'dev',
    appName: 'fpe',
    region: 'us-west-2',
    storageBucket: OUTPUTS.StorageBucket,
    modelBucket: OUTPUTS.ModelBucket,
    vpcId: OUTPUTS.VpcId,
    privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    dbSecret: OUTPUTS.DbSecret,
    dbHost: OUTPUTS.DbHost,
    databasePort: 5432,
    databaseSecurityGroupId: OUTPUTS.DatabaseSecurityGroupId,
    databaseTls: 'verify',
    databaseIngress: true,
  });
});

test('outputs that are missing are all named', () => {
  const { DbHost: _host, DbSecret: _secret, ...rest } = OUTPUTS;

  const write = () => stageFileText(rest, PLACE);

  expect(write).toThrow(StageInvalid);
  expect(write).toThrow(
    /lacks the outputs DbSecret, DbHost\. To fix: deploy environment\/template\.yml again/,
  );
});
