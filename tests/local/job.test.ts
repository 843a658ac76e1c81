import { expect, test } from '@jest/globals';
import { keptReason } from '../../local/sagemaker/job.ts';

test('the same fault of two jobs has the same reason: that of the container, without addresses', () => {
  const reason = (folder: string, address: string) =>
    keptReason(
      `AlgorithmError: ${folder}/code/train.py: <_io.BytesIO object at ${address}>, exit code: 1`,
      folder,
    );

  expect(reason('/x/jobs/a', '0x7f3c5a1b2c40')).toBe(
    'AlgorithmError: /opt/ml/code/train.py: <_io.BytesIO object>, exit code: 1',
  );
  expect(reason('/x/jobs/b', '0x7f00deadbeef')).toBe(reason('/x/jobs/a', '0x7f3c5a1b2c40'));
});
