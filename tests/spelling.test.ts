import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { projectFiles } from './support/project-files.ts';

const ROOT = join(import.meta.dirname, '..');

/**
 * British spellings, also within names (neighborMs, GRAY_IMAGE). `learnt` alone is not here: it is a name in metrics.json and in
 * the output of executions, which readers rely on (CONTRIBUTING, "Words").
 */
const BRITISH = [
  ...[
    'behaviour',
    'colour',
    'favour',
    'flavour',
    'harbour',
    'honour',
    'humour',
    'labour',
    'neighbour',
    'odour',
    'rigour',
    'vapour',
  ],
  ...['centre', 'fibre', 'litre', 'metre(?!d)', 'spectre', 'theatre'],
  ...[
    'catalogue',
    'dialogue',
    'analogue',
    'programme(?!d|r)',
    'cheque',
    'storey',
    '\\btyre',
    'kerb',
    'plough',
    'mould',
    'sulphur',
  ],
  ...[
    'defence',
    'licence',
    'offence',
    'pretence',
    'practis',
    'judgement',
    'acknowledgement',
    'ageing',
    'grey',
    'gauge',
    'artefact',
  ],
  ...[
    'cancelled',
    'labelled',
    'labelling',
    'levelled',
    'modelled',
    'modelling',
    'signalled',
    'totalled',
    'travelled',
    'fulfil(?!l)',
  ],
  ...[
    'initialis',
    'normalis',
    'optimis',
    'organis',
    'recognis',
    'summaris',
    'serialis',
    'visualis',
    'categoris',
    'standardis',
  ],
  ...[
    'characteris',
    'synchronis',
    'authoris',
    'emphasis(?:e|ing)',
    'apologis',
    'realis(?:e|ing|ation)',
    'specialis',
    'generalis',
    'penalis',
    'minimis',
  ],
  ...[
    'maximis',
    'randomis',
    'parameteris',
    'anonymis',
    'prioritis',
    'utilis',
    '\\banalys(?:e|ed|er|ing)\\b',
    'paralys(?:e|ing)',
  ],
  ...[
    '\\bafterwards',
    '\\bbackwards',
    '\\bforwards',
    '\\btowards',
    '\\bupwards',
    '\\bdownwards',
    '\\bwhilst',
    '\\bamongst',
    'per cent\\b',
  ],
  ...[
    '\\blearnt (?:from|nothing)',
    'has learnt',
    'never learnt',
    'misspelt',
    'spoilt',
    '\\bburnt',
    '\\bdreamt',
  ],
];
const PATTERN = new RegExp(BRITISH.join('|'), 'gi');
/** The text of this file, what others have written, and pictures. */
const NOT_OURS =
  /^tests\/(?:spelling\.test\.ts|integration\/golden\/)|^package-lock\.json$|\.(?:png|jpg|jpeg|pth|gz|ico|woff2?)$/;

describe('the project', () => {
  const files = projectFiles().filter((name) => !NOT_OURS.test(name));

  test('is spelled as in America, as the agency writes', () => {
    const found = files.flatMap((name) =>
      Array.from(readFileSync(join(ROOT, name), 'utf8').matchAll(PATTERN), ([word]) => `${name}: ${word}`),
    );

    expect(files.length).toBeGreaterThan(500);
    expect(found).toEqual([]);
  });

  test.each([
    'a gray neighbor',
    'metered',
    'programmed',
    'fulfilled',
    'emphasis',
    'analysis',
    'toward the center',
    'realistic',
  ])('may write %s', (text) => {
    expect(text.match(PATTERN)).toBeNull();
  });

  test.each(['isNeighbour', 'GREY_IMAGE', 'three metres', 'has learnt it'])('may not write %s', (text) => {
    expect(text.match(PATTERN)).not.toBeNull();
  });
});
