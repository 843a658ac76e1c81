import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { refreshKeys, stationKeys } from '../../../shared/execution/keys.ts';
import {
  DEFAULT_MODEL_TYPE,
  idOf,
  isModelType,
  MODEL_TYPES,
  modelTypeIds,
  modelTypeOf,
  modelTypes,
} from '../../../shared/model-types/registry.ts';
import { COMPARISONS } from '../../../shared/publication/comparisons.ts';
import { REPORTS } from '../../../shared/report/reports.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const ROLES = readdirSync(join(ROOT, 'resources/roles'))
  .map((file) => readFileSync(join(ROOT, 'resources/roles', file), 'utf8'))
  .join('\n');

describe('the types of models', () => {
  test('are found by the ids of the database, which also has types that cannot be trained', () => {
    expect(modelTypeIds()).toContain(DEFAULT_MODEL_TYPE);
    expect(modelTypeIds().map((id) => idOf(MODEL_TYPES[id]))).toEqual(modelTypeIds());
    expect(isModelType('toString')).toBe(false);
    // What upstream's scripts, or earlier versions, made under another type lies with the default's.
    expect(modelTypeOf('OTHER')).toBe(MODEL_TYPES[DEFAULT_MODEL_TYPE]);
    expect(Object.keys(COMPARISONS)).toEqual(modelTypeIds());
    expect(Object.keys(REPORTS)).toEqual(modelTypeIds());
  });

  test('have ids that the database takes, and programs that are there', () => {
    for (const id of modelTypeIds()) expect(id).toMatch(/^[A-Z]{1,16}$/);
    for (const { programs } of modelTypes())
      for (const program of [programs.training, programs.serving])
        expect([program, existsSync(join(ROOT, 'model', program))]).toEqual([program, true]);
  });

  test('keep their files apart, below prefixes none of which begins another', () => {
    const prefixes = modelTypes().map(({ prefix }) => prefix);
    for (const prefix of prefixes) {
      expect(prefix).toMatch(/^[a-z-]+\/$/);
      expect(prefixes.filter((other) => other.startsWith(prefix))).toEqual([prefix]);
    }
  });

  test.each(modelTypes().map(({ prefix }) => prefix))(
    'may be read and written below %s by every role that may do so below the default’s',
    (prefix) => {
      const placesBelow = (of: string) =>
        Array.from(ROLES.matchAll(/\$\{param:modelBucket\}\/([^'}]+)'/g), ([, place]) => place as string)
          .filter((place) => place.startsWith(of))
          .map((place) => place.slice(of.length));
      const common = MODEL_TYPES[DEFAULT_MODEL_TYPE].prefix;
      // What is kept of a station or refresh lies at one place for all types.
      const shared = [stationKeys(29).people, stationKeys(29).withdrawal, refreshKeys('1').claim].map((key) =>
        key.slice(common.length).replace('29', '*'),
      );
      const ofType = placesBelow(common).filter(
        (place) => !shared.includes(place) && !/^(refreshes|\*\/trained)\//.test(place),
      );

      expect(ofType.length).toBeGreaterThan(10);
      expect(placesBelow(prefix)).toEqual(expect.arrayContaining(ofType));
    },
  );
});
