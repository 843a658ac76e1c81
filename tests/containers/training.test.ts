import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CONTAINER_MS,
  type Container,
  makeContainer,
  removeContainer,
  requireContainers,
  runInContainer,
} from './container.ts';
import { layOutTraining, smallRequest } from './station.ts';

/** What AWS's PyTorch image sets for its entrypoint (aws/deep-learning-containers). */
const IMAGE_ENVIRONMENT = {
  SAGEMAKER_TRAINING_MODULE: 'sagemaker_pytorch_container.training:main',
  TRAINING_JOB_NAME: 'fpe-rank-29-train',
  AWS_REGION: 'us-west-2',
  OMP_NUM_THREADS: '1',
};

let container: Container;
beforeAll(requireContainers);
beforeEach(async () => {
  container = makeContainer();
  await layOutTraining(container.ml);
});
afterEach(() => removeContainer(container));

const train = () => runInContainer(container, ['train'], IMAGE_ENVIRONMENT);
const read = (path: string) => readFileSync(join(container.ml, path), 'utf8');

describe('in AWS’s training container, without a network', () => {
  test(
    'a training succeeds, and leaves what SageMaker packs',
    async () => {
      const { exitCode, stdout, stderr } = await train();

      expect([exitCode, exitCode === 0 ? '' : stdout + stderr]).toEqual([0, '']);
      expect(read('output/data/metrics.csv')).toMatch(/^epoch,train_loss,val_loss\n0,[\d.]+,[\d.]+\n1,/);
      expect(readdirSync(join(container.ml, 'model')).sort()).toEqual(['code', 'model.pth']);
      expect(readdirSync(join(container.ml, 'checkpoints')).length).toBeGreaterThan(0);
      expect(existsSync(join(container.ml, 'output/failure'))).toBe(false);
      for (const { Name, Regex } of smallRequest().AlgorithmSpecification.MetricDefinitions ?? [])
        expect([Name, [...stdout.matchAll(new RegExp(Regex, 'g'))].length]).toEqual([Name, 2]);
    },
    CONTAINER_MS,
  );

  test(
    'a training that fails says why where SageMaker looks for it',
    async () => {
      const pairs = join(container.ml, 'input/data/values/pairs.csv');
      writeFileSync(pairs, readFileSync(pairs, 'utf8').replace('filename_1', 'file_1'));

      const { exitCode } = await train();

      expect(exitCode).not.toBe(0);
      const failure = read('output/failure');
      expect(failure).toContain('InvalidPairs');
      expect(failure.indexOf('InvalidPairs')).toBeLessThan(1024);
      expect(existsSync(join(container.ml, 'model/model.pth'))).toBe(false);
    },
    CONTAINER_MS,
  );
});
