import { expect, test } from '@jest/globals';
import type { PairAccuracy } from '../../../shared/predictions/pair-accuracy.ts';
import { trainingAdvice } from '../../../shared/report/data/training-advice.ts';

const losses = (...val: (number | null)[]) =>
  val.map((loss, index) => ({ epoch: index + 1, train: 0.5, val: loss }));
const accuracy = (n: number, share: number, spread: number): PairAccuracy => ({
  n,
  correct: n * share,
  share,
  interval: { low: share - spread, high: share + spread },
  brier: 0.2,
});
const none: PairAccuracy = { n: 0, correct: 0, share: null, interval: null, brier: null };
const advise = (epochs: ReturnType<typeof losses>, train = none, val = none, recipe: string | null = 'fpe') =>
  trainingAdvice({ training: { epochs, recipe }, accuracy: { train, val } });

test('epochs of a recipe that knows how many there are say nothing of a longer training', () => {
  expect(advise(losses(0.6, 0.4, 0.5), none, none, '2026')).toEqual([
    'The validation loss was least one epoch before the end, but with this recipe each epoch depends on how many there are, so that a training of more (n_epochs) may still be better.',
  ]);
});

test.each([
  [
    'still falls at the end',
    losses(0.6, 0.5, 0.4),
    'still falling at the last epoch: more epochs (n_epochs) may',
  ],
  [
    'was least one epoch before',
    losses(0.6, 0.4, 0.5),
    'least one epoch before the end: more epochs would not',
  ],
  ['was least long before', losses(0.4, 0.5, 0.5, 0.6), 'least 3 epochs before the end'],
])('a validation loss that %s says so', (_, epochs, expected) => {
  expect(advise(epochs)).toEqual([expect.stringContaining(expected)]);
});

test.each([
  ['a single epoch', losses(0.5)],
  ['no validation', losses(null, null)],
])('of %s nothing is said', (_, epochs) => {
  expect(advise(epochs)).toEqual([]);
});

test('training pairs that are ordered clearly better than held-out ones ask for more annotations', () => {
  const [said] = advise([], accuracy(400, 0.97, 0.02), accuracy(100, 0.8, 0.08));

  expect(said).toContain('97 % of its training pairs and 80 % of the held-out ones');
  expect(said).toContain('More annotation pairs will probably narrow it');
});

test('beyond a thousand pairs the contradicted ones come first', () => {
  const [said] = advise([], accuracy(1500, 0.97, 0.01), accuracy(300, 0.8, 0.04));

  expect(said).toContain('There are 1,500 training pairs already');
  expect(said).toContain('look at the contradicted pairs first');
});

test('no clear difference asks for nothing', () => {
  const [said] = advise([], accuracy(400, 0.85, 0.04), accuracy(100, 0.82, 0.08));

  expect(said).toContain('no clear difference');
});
