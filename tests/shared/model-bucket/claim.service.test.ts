import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readJson, writeJson, writeObject } from '../../../shared/aws/object-store.ts';
import { FileInvalid } from '../../../shared/errors.ts';
import { type Claim, claim } from '../../../shared/execution/claim.ts';
import { type ClaimDecision, readClaimAt, settleClaim } from '../../../shared/model-bucket/claim.ts';
import { createTestBuckets, inModelBucket } from '../../fixtures/station.ts';

const KIND = { schema: claim, words: { what: 'The claim is broken', expected: 'JSON', fix: 'delete it' } };
const claimOf = (execution_arn: string): Claim => ({ execution_arn, started_at: '2026-04-01T12:00:00Z' });
const OURS = claimOf('ours');

let place: { bucket: string; key: string };
let asked: string[];
beforeAll(() => createTestBuckets());
beforeEach(() => {
  place = inModelBucket(`claims/${expect.getState().currentTestName}.json`);
  asked = [];
});

/** Takes the claim if its holder does not run. `meanwhile` is what others do between the reading and the writing. */
const settle = (meanwhile: () => Promise<unknown>, running: string[] = []) =>
  settleClaim<Claim, string>(place, KIND, {
    executionArn: 'ours',
    isRunning: async (arn) => {
      asked.push(arn);
      await meanwhile();
      return running.includes(arn);
    },
    isOver: ({ execution_arn }) => execution_arn === 'finished',
    maxTries: 3,
    decide: (held, holderIsRunning): ClaimDecision<Claim, string> =>
      holderIsRunning
        ? { write: null, answer: `left to ${held?.execution_arn}` }
        : { write: OURS, answer: `taken from ${held?.execution_arn ?? 'nobody'}` },
  });
const nothing = async () => undefined;

describe('a claim', () => {
  test('is taken where none lies, and nobody is asked about', async () => {
    expect(await settle(nothing)).toEqual({ answer: 'taken from nobody' });
    expect(await readClaimAt(place, KIND)).toEqual({ claim: OURS, etag: expect.any(String) });
    expect(asked).toEqual([]);
  });

  test.each([
    ['ours', 'taken from ours', []],
    ['finished', 'taken from finished', []],
    ['stopped', 'taken from stopped', ['stopped']],
    ['running', 'left to running', ['running']],
  ])('that is %s is %s', async (holder, answer, askedOf) => {
    await writeJson(place, claimOf(holder));

    expect(await settle(nothing, ['running'])).toEqual({ answer });
    expect(asked).toEqual(askedOf);
  });

  test('that another execution takes first is decided about again', async () => {
    await writeJson(place, claimOf('stopped'));
    const winner = claimOf('winner');

    const settled = await settle(() => writeJson(place, winner), ['winner']);

    expect(settled).toEqual({ answer: 'left to winner' });
    expect(asked).toEqual(['stopped', 'winner']);
    expect(await readJson(place, claim)).toEqual(winner);
  });

  test('that others keep taking is given up', async () => {
    await writeJson(place, claimOf('other-0'));
    let others = 0;

    const settled = await settle(() => writeJson(place, claimOf(`other-${++others}`)));

    expect(settled).toBe(null);
    expect(asked).toEqual(['other-0', 'other-1', 'other-2']);
    expect(await readJson(place, claim)).toEqual(claimOf('other-3'));
  });

  test('that cannot be read is named, with what to do', async () => {
    await writeObject(place, '{"execution_arn": 7}', 'application/json');

    const attempt = settle(nothing);

    await expect(attempt).rejects.toThrow(FileInvalid);
    await expect(attempt).rejects.toThrow('The claim is broken');
    await expect(attempt).rejects.toThrow('delete it');
  });
});
