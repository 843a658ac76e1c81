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
const LEARNT = { train: 300, val: 75, photos_unreadable: 0 };
const advise = (
  epochs: ReturnType<typeof losses>,
  train = none,
  val = none,
  recipe: string | null = 'fpe',
  learnt = LEARNT,
) => trainingAdvice({ training: { epochs, recipe, learnt }, accuracy: { train, val } });

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
    'least one epoch before the end: more epochs would hardly',
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

  expect(said).toContain(
    '97 % of its training pairs (95 % interval 95 % – 99 %, n 400) and 80 % of the held-out ones (95 % interval 72 % – 88 %, n 100)',
  );
  expect(said).toContain('More annotation pairs will probably narrow it');
});

test('beyond a thousand pairs the contradicted ones come first', () => {
  const [said] = advise([], accuracy(1500, 0.97, 0.01), accuracy(300, 0.8, 0.04));

  expect(said).toContain('There are 1,500 training pairs already');
  expect(said).toContain('look at the contradicted pairs first');
});

test('no clear difference asks for nothing', () => {
  const [said] = advise([], accuracy(400, 0.85, 0.04), accuracy(300, 0.82, 0.04));

  expect(said).toContain('no clear difference');
});

test('no clear difference to few held-out pairs tells nothing', () => {
  const [said, ...others] = advise([], accuracy(160, 0.85, 0.06), accuracy(40, 0.8, 0.12));

  expect(said).toMatch(
    /n 40\) as the annotators did: so few held-out pairs cannot tell whether it has learned/,
  );
  expect(others).toEqual([]);
});

test('of fewer than ten pairs no share is told', () => {
  expect(advise([], accuracy(160, 0.9, 0.05), accuracy(9, 0.5, 0.3))).toEqual([
    'How much better the model orders the pairs that it has learned from cannot be told: 9 held-out pairs with a decision are too few.',
  ]);
});

test('a validation loss of fewer than ten pairs says nothing of more epochs', () => {
  expect(advise(losses(0.6, 0.4, 0.5), none, none, 'fpe', { ...LEARNT, val: 9 })).toEqual([
    'The validation loss is that of 9 pairs, which are too few to tell whether more epochs would help.',
  ]);
});
