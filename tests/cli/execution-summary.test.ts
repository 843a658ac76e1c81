import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { demoTruthTau } from '../../cli/demo-truth.ts';
import { readExecutionInput } from '../../cli/execution-input.ts';
import { consoleUrl } from '../../cli/find-execution.ts';
import { describeFailure, executionSummary, resultLines } from '../../cli/progress/execution-summary.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { InvalidInput, NoImages } from '../../shared/errors.ts';
import { TRAIN_ARN } from '../fixtures/local-executions.ts';

const result = {
  station_id: 29,
  model_code: 'RANK-FLOW-20260401',
  model_uuid: '6f2c',
  model_id: 7,
  diagnostics_url: 'https://x/report.html',
  predictions_url: 'https://x/predictions.csv',
  images: {
    found: 1200,
    excluded: { pii: 3, no_timestamp: 0 },
    filtered: { outside_hours: 197, outside_dates: 0 },
    scored: 998,
    unreadable: 2,
    faults: { truncated: 2, not_an_image: 0 },
    missing: 0,
  },
  pairs: {
    found: 503,
    excluded: { unknown_photo: 3 },
    filtered: { not_ranked: 80 },
    train: 336,
    val: 84,
    leaked_images: 5,
    learnt: { train: 72, val: 25, photos_unreadable: 35 },
  },
  data_findings: { clock: 2, duplicates: 0, gaps: 1 },
  values: { usable: 2000, excluded: { fill_value: 12, flagged: 0 } },
  warnings: [] as string[],
  kendall_tau: { train: 0.91, val: 0.8, 'test-in': 0.7049, 'test-out': null, 'test-all': 0.7, overall: 0.74 },
};
const times = { startDate: new Date(0), stopDate: new Date(95_000) };

/** Addresses that a summary shows; those of AWS without another endpoint. */
function addressesOf(output: object, endpoint?: string): string[] {
  const before = process.env.AWS_ENDPOINT_URL_S3;
  delete process.env.AWS_ENDPOINT_URL_S3;
  if (endpoint) process.env.AWS_ENDPOINT_URL_S3 = endpoint;
  try {
    const execution = { ...times, status: 'SUCCEEDED', output: JSON.stringify(output) };
    return executionSummary(execution as never, []).match(/https?:\/\/\S+/g) ?? [];
  } finally {
    delete process.env.AWS_ENDPOINT_URL_S3;
    if (before !== undefined) process.env.AWS_ENDPOINT_URL_S3 = before;
  }
}

describe('addresses', () => {
  const bucket = 'https://fpe-local-storage.s3.us-west-2.amazonaws.com';
  const own = 'http://127.0.0.1:4566/fpe-local-storage';
  const trained = {
    ...result,
    diagnostics_url: `${bucket}/models/6f2c/A.html`,
    predictions_url: `${bucket}/models/6f2c/predictions.csv`,
  };
  const scored = {
    ...{ station_id: 29, model_code: 'A', scored: 1, removed: 0, unreadable: 0, images: 9 },
    predictions_url: trained.predictions_url,
  };

  test('of the local stack are those of its S3, never those of a bucket on AWS that anyone may own', () => {
    expect(addressesOf(trained, 'http://127.0.0.1:4566')).toEqual([
      `${own}/models/6f2c/A.html`,
      `${own}/models/6f2c/predictions.csv`,
    ]);
    expect(addressesOf(scored, 'http://127.0.0.1:4566/')).toEqual([`${own}/models/6f2c/predictions.csv`]);
  });

  test('of AWS stay as they are', () => {
    expect(addressesOf(trained)).toEqual([trained.diagnostics_url, trained.predictions_url]);
  });
});

describe('the summary of an execution', () => {
  test('speaks of photos that the model has not seen before it lists taus', () => {
    const agreement =
      'On photos that the model has not seen, tau is 0.67 (n 1,234). Of these photos: in the worst, Dec–Feb, 0.16 (n 82). The paper found 0.75.';

    const lines = resultLines({ ...result, agreement });

    const first = lines.indexOf('On photos that the model has not seen, tau is 0.67 (n 1,234).');
    expect(lines.slice(first + 1, first + 4)).toEqual([
      'Of these photos: in the worst, Dec–Feb, 0.16 (n 82).',
      'The paper found 0.75.',
      expect.stringMatching(/^Kendall tau of scores and observed values/),
    ]);
  });

  test('tells photos, pairs, agreement and where the files are', () => {
    const text = executionSummary(
      { ...times, status: 'SUCCEEDED', output: JSON.stringify(result) } as never,
      [],
    );

    expect(text).toContain('It succeeded after 1m 35s.');
    expect(text).toContain('998 scored of 1,200, 2 unreadable');
    expect(text).toContain('3 with people or vehicles');
    expect(text).toContain('197 outside the hours of the input');
    expect(text).toContain('80 not ranked by the annotator');
    expect(text).toContain('2 truncated or broken');
    expect(text).toContain('3 of a photo that the station does not have');
    expect(text).toContain(
      'really learned from 72 training pairs and 25 validation pairs, not from 336 and 84',
    );
    expect(text).toContain('fewer than the 101 and 11');
    expect(text).toContain('12 that a logger writes where it has none');
    expect(text).toContain('5 photos are in pairs of both');
    expect(text).toContain('Data      3 findings (clock 2, gaps 1): see “Data quality” in the report');
    expect(text).not.toContain('without a time');
    expect(text).toMatch(/other photos, in period +0\.70\n/);
    expect(text).toMatch(/other photos, outside +–\n/);
    expect(text).toContain('https://x/report.html');
  });

  test('ends with what whoever uses the model has to know', () => {
    expect(resultLines({ ...result, warnings: ['Warning: hours wrap.'] }).at(-1)).toBe(
      'Warning: hours wrap.',
    );
  });

  const ON_AWS = 'arn:aws:states:us-west-2:123456789012:execution:fpe-prod-train-station:try-1';
  test.each([
    ['of the local stack', TRAIN_ARN, './fpe open report try-1'],
    ['on AWS', ON_AWS, `./fpe open report ${ON_AWS} --stage prod`],
  ])(
    'says of a model %s that the website does not draw, or that was not published, how its report is opened',
    (_, arn, command) => {
      const hidden = { ...result, predictions_url: null, diagnostics_url: null };

      const unlisted = resultLines(hidden, arn);
      const unpublished = resultLines({ ...hidden, model_id: null }, arn);

      expect(unlisted.at(-2)).toContain(`models.id ${result.model_id}, which the website does not draw.`);
      expect(unpublished.at(-2)).toBe('It was not published.');
      for (const lines of [unlisted, unpublished]) expect(lines.at(-1)).toBe(`Report    ${command}`);
    },
  );

  test('tells the error of a function part by part, and where it failed', () => {
    const error = new NoImages({
      what: 'No photo',
      where: 'station 1',
      found: '0',
      expected: '1',
      fix: 'upload',
    });
    const cause = JSON.stringify({ errorType: error.name, errorMessage: error.message, trace: [] });
    const states = [{ name: 'ExportStation', status: 'failed' }];

    const text = executionSummary(
      { ...times, status: 'FAILED', error: 'NoImages', cause } as never,
      states as never,
    );

    expect(text).toBe(
      [
        'It failed in ExportStation after 1m 35s.',
        '',
        'NoImages',
        '  No photo (station 1).',
        '  Found: 0.',
        '  Expected: 1.',
        '  To fix: upload.',
      ].join('\n'),
    );
  });

  test.each([
    [
      { scored: 1200, unreadable: 1, removed: 2 },
      '1,200 new ones scored, 1 new ones unreadable, 2 removed, because they no longer exist or now show people; 31,000 have a score',
    ],
    [{ scored: 0, unreadable: 0, removed: 0 }, 'no new ones; 31,000 have a score'],
  ])('tells what score-station did: %j', (counts, photos) => {
    const output = JSON.stringify({
      station_id: 29,
      model_code: 'RANK-FLOW-20261124',
      model_uuid: '6f2c',
      images: 31_000,
      predictions_url: 'https://x/predictions.csv',
      ...counts,
    });

    const text = executionSummary({ ...times, status: 'SUCCEEDED', output } as never, []);

    expect(text.split('\n').slice(2)).toEqual([
      'Model     RANK-FLOW-20261124 of station 29',
      `Photos    ${photos}`,
      'Scores    https://x/predictions.csv',
    ]);
  });

  test('names the station, and says of one that a program made up that it is one', () => {
    const output = JSON.stringify({
      station_id: 1,
      station: { id: 1, name: 'Mill Brook', timezone: 'UTC', synthetic: true },
      ...{ model_code: 'A', model_uuid: '6f2c', predictions_url: 'https://x/predictions.csv' },
      ...{ scored: 0, removed: 0, unreadable: 0, images: 3 },
    });

    expect(executionSummary({ ...times, status: 'SUCCEEDED', output } as never, [])).toContain(
      'Model     A of station 1, Mill Brook, synthetic\n',
    );
  });

  test('tells the reason of a job, and a cause that is plain text', () => {
    const job = JSON.stringify({ TrainingJobName: 'x', FailureReason: 'AlgorithmError: no space left' });

    expect(describeFailure('States.TaskFailed', job)).toContain('AlgorithmError: no space left');
    expect(
      describeFailure(
        'States.TaskFailed',
        '{"FailureReason":"AlgorithmError: TrainingDiverged: The training diverged. To fix: lower learning_rate, exit code: 1"}',
      ),
    ).toBe('TrainingDiverged\n  The training diverged.\n  To fix: lower learning_rate');
    expect(describeFailure('TrainingStopped', 'It was stopped')).toBe('TrainingStopped\n  It was stopped');
    expect(describeFailure(undefined, undefined)).toBe('Unknown\n  No cause was given.');
  });

  test('tells the same fault in the same words, and nothing that the terminal obeys', () => {
    const job = (address: string) =>
      describeFailure('E', JSON.stringify({ FailureReason: `<BytesIO object at ${address}>\u001b[2J` }));

    expect(job('0x7f3c5a1b2c40')).toBe('E\n  <BytesIO object>');
    expect(job('0x7f00deadbeef')).toBe(job('0x7f3c5a1b2c40'));
    expect(describeFailure('E', '{"errorMessage":{"code":7}}')).toBe('E\n  {"code":7}');
  });
});

describe('an input on the command line', () => {
  test('is a station, JSON, or a file', () => {
    const file = join(import.meta.dirname, '..', '..', 'events', 'train-station.json');

    expect([
      readExecutionInput('29'),
      readExecutionInput('{"station_id": 29}'),
      readExecutionInput(file),
    ]).toEqual(new Array(3).fill({ station_id: 29 }));
  });

  test('is checked before anything starts', () => {
    expect(() => readExecutionInput('{"station": 1}')).toThrow(InvalidInput);
    expect(() => readExecutionInput('{"station": 1}')).toThrow('did you mean station_id?');
    expect(() => readExecutionInput('{"station_id": 1')).toThrow(UsageError);
    expect(() => readExecutionInput('{"station_id": 1')).toThrow('The input is not JSON');
    expect(() => readExecutionInput('{"station_id": 1, "seed": 5}', 'score-station')).toThrow(
      'seed is not a name of the input',
    );
    expect(() => readExecutionInput('events/nothing.json')).toThrow('There is no file events/nothing.json');
  });
});

test('the console of AWS is linked for AWS only', () => {
  const arn = 'arn:aws:states:us-west-2:123456789012:execution:fpe-dev-train-station:one';

  expect(consoleUrl({ kind: 'aws', description: '' }, arn)).toBe(
    `https://us-west-2.console.aws.amazon.com/states/home?region=us-west-2#/v2/executions/details/${arn}`,
  );
  expect(consoleUrl({ kind: 'local', description: '' }, arn)).toBe(null);
});

test('the demo’s true flow is compared over daytime photos that have a score', () => {
  const predictions = 'image_id,score\n1,0.1\n2,0.2\n3,\n4,-9\n';
  const truth =
    'image_id,timestamp,flow_cfs,is_daytime\n1,t,10,true\n2,t,20,true\n3,t,30,true\n4,t,40,false\n';

  expect(demoTruthTau(predictions, truth)).toEqual({ tau: 1, photos: 2 });
});
