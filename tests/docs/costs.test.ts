import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { estimate, USUAL } from '../../docs/cost-scenarios.ts';
import { COSTS_FILE, costsPage, describeRun } from '../../docs/generate-costs.ts';

test('the page of costs is fresh (npm run costs)', () => {
  expect(readFileSync(COSTS_FILE, 'utf8')).toBe(costsPage());
});

test('a run with other numbers and prices is told without writing the page', () => {
  const text = describeRun({
    photos: 100_000,
    transformInstanceCount: 10,
    prices: { transition: 1, instanceHour: { 'ml.c5.xlarge': 0 } },
  });

  expect(text).toMatch(/^state machine +(\d+)\.00 USD .* \1 transitions$/m);
  expect(text).toMatch(/^scoring .* 10 × ml\.c5\.xlarge, \d+ min billed$/m);
  expect(text).toContain('Durations are assumptions');
});

test('every function that the machine calls when all goes well is counted, and no other', () => {
  const machine = readFileSync(new URL('../../statemachines/train-station.asl.yml', import.meta.url), 'utf8');
  const called = Array.from(
    machine.matchAll(/Resource: \{ Fn::GetAtt: \[(\w+), Arn\] \}/g),
    ([, name]) => name as string,
  );
  // ResumeJob looks after a job that failed.
  const wellGoing = new Set(called.filter((name) => name !== 'resumeJob'));

  const { usage } = estimate({ ...USUAL, observedByUsgs: true });

  expect(usage.functions.map(({ name }) => name).toSorted()).toEqual([...wellGoing].toSorted());
  expect(usage.functions.every(({ memoryMb }) => memoryMb > 0)).toBe(true);
});

test('an instance type without a price is told', () => {
  expect(describeRun({ trainingInstanceType: 'ml.p9.xlarge' })).toContain(
    'Without a price, and so left out: ml.p9.xlarge',
  );
});

test.each([
  ['first-run', { trainingInstanceType: 'ml.m5.xlarge' }],
  ['gpu', {}],
  ['spot', { trainingSpot: true }],
])('what docs/deploy.md says the step %s of fpe smoke takes is what the model estimates', (step, change) => {
  const text = describeRun({
    photos: 3_000,
    pairs: 200,
    photosInPairs: 380,
    epochs: 1,
    prices: { instanceHour: { 'ml.m5.xlarge': 0.23 } },
    ...change,
  });
  const page = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');

  const [, usd, minutes] = /^all +([\d.]+) USD +(\d+) min/m.exec(text) as RegExpExecArray;

  expect(page).toMatch(new RegExp(`^ *\\| ${step} \\|.*\\| ${minutes} min \\| ${usd} \\|$`, 'm'));
});

test.each([
  [{ fotos: 1 }, /^the run has no fotos\. There: photos, pairs, /],
  [{ prices: { trnsition: 1 } }, /^prices has no trnsition\. There: transition, /],
])('a name that is not known is refused: %j', (given, message) => {
  expect(() => describeRun(given)).toThrow(message);
});
