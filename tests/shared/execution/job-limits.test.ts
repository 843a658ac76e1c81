import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readStage } from '../../../config/stage.ts';
import { ASSUMED_SPEED, trainingSeconds, transformSeconds } from '../../../shared/cost/assumptions.ts';
import {
  executionLimit,
  jobLimits,
  scoringLimit,
  USUAL_MARGIN,
} from '../../../shared/execution/job-limits.ts';
import { parseRunInput } from '../../../shared/inputs/train-station.ts';
import { STATION_LIMITS } from '../../../shared/limits/station-size.ts';
import { budget } from '../../fuzz/budget.ts';

const HOUR = 3600;
const input = (more: object = {}) => parseRunInput({ station_id: 29, ...more });
const USUAL = { photos: 30_000, annotation_pairs: 5_000 };

const sizes = fc.record({
  photos: fc.nat(STATION_LIMITS.photos),
  annotation_pairs: fc.nat(STATION_LIMITS.annotation_pairs),
});
const inputs = fc
  .record({
    n_epochs: fc.integer({ min: 1, max: 500 }),
    input_size: fc.integer({ min: 32, max: 1024 }),
    training_instance_type: fc.constantFrom(...Object.keys(ASSUMED_SPEED.training), 'ml.m5.large'),
    training_spot: fc.boolean(),
    training_max_hours: fc.double({ min: 0.01, max: 672, noNaN: true }),
    transform_instance_type: fc.constantFrom(...Object.keys(ASSUMED_SPEED.transform), 'ml.m5.large'),
    transform_instance_count: fc.integer({ min: 1, max: 100 }),
  })
  .map((more) => input(more));

describe('the limits of jobs', () => {
  test('end a job of an ordinary station within hours', () => {
    const limits = jobLimits(input(), USUAL, USUAL_MARGIN);

    expect(limits.training_hours).toBeGreaterThan(3);
    expect(limits.training_hours).toBeLessThan(10);
    expect(limits.scoring_seconds).toBeGreaterThan(4 * HOUR);
    expect(limits.scoring_seconds).toBeLessThan(10 * HOUR);
    // A night's photos with a model that does not load.
    expect(scoringLimit(input(), 50, USUAL_MARGIN)).toBeLessThan(3 * HOUR);
  });

  test('leave jobs of one computer, whose processor is no instance of AWS, all the time that the input allows', () => {
    const { jobTimeMargin } = readStage('local');

    const limits = jobLimits(input(), USUAL, jobTimeMargin);

    expect(limits.training_hours).toBe(input().training_max_hours);
    // A photo in two seconds.
    expect(limits.scoring_seconds).toBeGreaterThan(2 * USUAL.photos);
  });

  test('leave SageMaker the time that it has by itself, twice that for spot instances, and hours besides', () => {
    fc.assert(
      fc.property(inputs, sizes, (parameters, size) => {
        const { training_hours, training_seconds, scoring_seconds } = jobLimits(
          parameters,
          size,
          USUAL_MARGIN,
        );

        const maxSeconds = Math.round(training_hours * HOUR);
        const itsOwn = maxSeconds * (parameters.training_spot ? 2 : 1);
        expect(training_hours).toBeLessThanOrEqual(Math.round(parameters.training_max_hours * HOUR) / HOUR);
        expect(training_seconds).toBeGreaterThanOrEqual(itsOwn + HOUR);
        for (const seconds of [training_seconds, scoring_seconds]) {
          expect(Number.isInteger(seconds)).toBe(true);
          expect(seconds).toBeGreaterThan(0);
          expect(seconds).toBeLessThan(99_999_999);
        }
      }),
      budget(),
    );
  });

  test('end no job before several times what is expected of it, but for what the input or SageMaker allow', () => {
    fc.assert(
      fc.property(inputs, sizes, (parameters, size) => {
        const { training_hours, scoring_seconds } = jobLimits(parameters, size, USUAL_MARGIN);

        const training = trainingSeconds({
          pairs: size.annotation_pairs,
          photosInPairs: Math.min(size.photos, 2 * size.annotation_pairs),
          epochs: parameters.n_epochs,
          trainingInstanceType: parameters.training_instance_type,
        });
        const transform = transformSeconds({
          photos: size.photos,
          transformInstanceType: parameters.transform_instance_type,
          transformInstanceCount: parameters.transform_instance_count,
        });
        const most = Math.min(28 * 24 * HOUR, Math.round(parameters.training_max_hours * HOUR));
        expect(training_hours * HOUR).toBeGreaterThanOrEqual(Math.min(most, 4 * training) - 1e-6);
        expect(scoring_seconds).toBeGreaterThanOrEqual(Math.min(28 * 24 * HOUR, 4 * transform));
      }),
      budget(),
    );
  });

  test('grow with photos, pairs, epochs and the size of photos, and shrink with instances', () => {
    const long = { training_max_hours: 672 };
    const limits = (more: object, size = USUAL) => jobLimits(input({ ...long, ...more }), size, USUAL_MARGIN);
    const usual = limits({});

    expect(limits({}, { ...USUAL, annotation_pairs: 50_000 }).training_hours).toBeGreaterThan(
      usual.training_hours,
    );
    expect(limits({ n_epochs: 100 }).training_hours).toBeGreaterThan(usual.training_hours);
    expect(limits({ input_size: 960 }).training_hours).toBeGreaterThan(usual.training_hours);
    expect(limits({ training_instance_type: 'ml.m5.large' }).training_hours).toBeGreaterThan(
      usual.training_hours,
    );
    expect(limits({}, { ...USUAL, photos: 300_000 }).scoring_seconds).toBeGreaterThan(usual.scoring_seconds);
    expect(limits({ transform_instance_count: 4 }).scoring_seconds).toBeLessThan(usual.scoring_seconds);
  });

  test('let a refresh wait for longer than any station can work', () => {
    fc.assert(
      fc.property(inputs, sizes, (parameters, size) => {
        const { training_seconds, scoring_seconds } = jobLimits(parameters, size, USUAL_MARGIN);

        expect(executionLimit(parameters, 'score', USUAL_MARGIN)).toBeGreaterThan(scoring_seconds);
        expect(executionLimit(parameters, 'train', USUAL_MARGIN)).toBeGreaterThan(
          training_seconds + scoring_seconds,
        );
      }),
      budget(),
    );
  });
});
