import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { chooseNext, readDefinition } from '../../local/step-functions/states-language.ts';

type Commented = { Comment?: string };
type State = Commented & {
  Type: string;
  Choices?: Commented[];
  ItemProcessor?: { States: Record<string, State> };
};
type Remark = { place: string; kind: 'state' | 'choice' | 'rule'; comment: string };

/** To be read at a glance in the console's graph. */
const MAX_CHARACTERS = 100;
/** A state does something, a Choice asks, a rule is what is so; none ends with a period. */
const FORMS = { state: /^[A-Z].*[A-Za-z0-9]$/, choice: /^[A-Z].*\?$/, rule: /^[a-z].*[A-Za-z0-9]$/ };

const remarksOf = (states: Record<string, State>): Remark[] =>
  Object.entries(states).flatMap(([name, { Type, Comment = '', Choices = [], ItemProcessor }]) => [
    { place: name, kind: Type === 'Choice' ? 'choice' : 'state', comment: Comment },
    ...Choices.map(
      (rule, index): Remark => ({
        place: `${name}, rule ${index + 1}`,
        kind: 'rule',
        comment: rule.Comment ?? '',
      }),
    ),
    ...remarksOf(ItemProcessor?.States ?? {}),
  ]);

describe.each(['train-station', 'score-station', 'refresh-stations'])('%s', (machine) => {
  const file = join(import.meta.dirname, '../../statemachines', `${machine}.asl.yml`);
  const remarks = remarksOf(parse(readFileSync(file, 'utf8'), { merge: true }).States);

  test('says of each state what it does, of each Choice what it asks, and of each rule what is so', () => {
    const wrong = remarks.filter(({ kind, comment }) => !FORMS[kind].test(comment));

    expect(remarks.filter(({ kind }) => kind === 'rule').length).toBeGreaterThan(1);
    expect(wrong).toEqual([]);
  });

  test('says it within the width of the graph', () => {
    expect(remarks.filter(({ comment }) => comment.length > MAX_CHARACTERS)).toEqual([]);
  });
});

test('the local Step Functions takes a comment of a rule as one, and no part of its condition', async () => {
  const choice = {
    Type: 'Choice',
    Comment: 'Is there a gage?',
    Choices: [{ Comment: 'the station has a gage', Variable: '$.gage', BooleanEquals: true, Next: 'Fetch' }],
    Default: 'Go',
  };
  const ends = { Type: 'Succeed' };

  const { States } = readDefinition(
    JSON.stringify({ StartAt: 'Gage?', States: { 'Gage?': choice, Fetch: ends, Go: ends } }),
  );

  const state = States['Gage?'] as Parameters<typeof chooseNext>[0];
  expect(await chooseNext(state, { gage: true }, {})).toBe('Fetch');
  expect(await chooseNext(state, { gage: false }, {})).toBe('Go');
});
