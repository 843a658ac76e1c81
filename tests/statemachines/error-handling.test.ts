import { describe, expect, test } from '@jest/globals';
import { detoursOf, errorsOfMachines, repetitionOf } from '../../statemachines/error-handling.ts';

describe('what the machines do about an error', () => {
  test('is repeated with pauses that grow, in the states that have the retrier', () => {
    // 60 s, 180 s and 540 s.
    expect(repetitionOf('ObservationsUnavailable')).toEqual({
      attempts: 3,
      minutes: 13,
      states: ['FetchObservations'],
    });
  });

  test('is repeated with pauses up to the limit of the retrier', () => {
    // 2, 4, 8, 16 and 32 s, then nine times 60 s.
    expect(repetitionOf('ServiceThrottled')).toMatchObject({ attempts: 14, minutes: 10 });
  });

  test('finds states within a Map, and none for an error that no retrier has', () => {
    expect(repetitionOf('DatabaseUnavailable')?.states).toContain('MergePredictions');
    expect(repetitionOf('InvalidInput')).toBeNull();
  });

  test('is a way around, where a state catches it by name', () => {
    expect(detoursOf('DefaultChanged')).toEqual([{ state: 'PublishModel', next: 'DecidePromotion' }]);
    expect(detoursOf('InvalidInput')).toEqual([]);
  });

  test('is known by its names, but for the one that means all', () => {
    const names = errorsOfMachines();

    expect(names).toEqual(expect.arrayContaining(['ObjectChanged', 'States.Timeout', 'DefaultChanged']));
    expect(names).not.toContain('States.ALL');
    expect(new Set(names).size).toBe(names.length);
  });
});
