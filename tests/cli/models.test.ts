import { afterEach, expect, test } from '@jest/globals';
import { describeModels } from '../../cli/models.ts';
import type { StationModel } from '../../shared/publication/drawn-models.ts';

const former = process.env.AWS_ENDPOINT_URL_S3;
afterEach(() => {
  if (former === undefined) delete process.env.AWS_ENDPOINT_URL_S3;
  else process.env.AWS_ENDPOINT_URL_S3 = former;
});

const REPORT = 'models/0b2f6a8c/RANK-FLOW-A.html';
const model = {
  id: 7,
  uuid: '0b2f6a8c',
  code: 'RANK-FLOW-A',
  model_type_id: 'RANK',
  variable_id: 'FLOW_CFS',
  default: true,
  status: 'DONE',
  diagnostics_url: `https://fpe-local-storage.s3.us-west-2.amazonaws.com/${REPORT}`,
  predictions_url: 'https://fpe-local-storage.s3.us-west-2.amazonaws.com/models/0b2f6a8c/predictions.csv',
  is_ours: true,
} as StationModel;
const describe = () => describeModels({ id: 1, name: 'Mill Brook' }, [model], { model: 'fpe-local-models' });

test('a report is named where it opens: on AWS by its address there, on the local stack by the local one', () => {
  delete process.env.AWS_ENDPOINT_URL_S3;
  expect(describe()).toContain(`report ${model.diagnostics_url}`);

  process.env.AWS_ENDPOINT_URL_S3 = 'http://127.0.0.1:4566';

  expect(describe()).toContain(`report http://127.0.0.1:4566/fpe-local-storage/${REPORT}`);
  expect(describe()).not.toContain('amazonaws.com');
});

test('a row without a uuid is listed as the website shows it', () => {
  const row: StationModel = { ...model, uuid: null, default: false, diagnostics_url: null, is_ours: false };

  expect(describeModels({ id: 1, name: 'Mill Brook' }, [row], { model: 'fpe-local-models' })).toContain(
    'RANK-FLOW-A  RANK FLOW_CFS  drawn by the website, without uuid, made by upstream’s scripts',
  );
});
