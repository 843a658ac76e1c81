import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { readClaim } from '../../shared/aws/run-claim.ts';
import type { Promotion, Run } from '../../shared/execution-state.ts';
import { createTestBuckets, createTestDatabase } from '../test-station.ts';
import { type Fate, type GatedMachines, startGatedMachines } from './gated-machines.ts';
import { Promised } from './promise.ts';
import { insertGoldStation, insertPairs, insertPhotos, type Station, writePhotoObjects } from './station.ts';

/**
 * Any interleaving of executions of the machines with stops, redrives, retries and what happens meanwhile keeps the promise of
 * docs/reliability.md. A run in CI tries some; `FPE_INTERLEAVINGS=5000` tries thousands, and `FPE_SEED=…` those of a run that
 * failed, whose seed is printed.
 */
const RUNS = Number(process.env.FPE_INTERLEAVINGS ?? 300);
const SEED = Number(process.env.FPE_SEED ?? Date.now() % 2 ** 31);
/** What CI gives it; a slow machine tries fewer. */
const LIMIT_MS = process.env.FPE_INTERLEAVINGS ? 3_600_000 : 55_000;
jest.setTimeout(LIMIT_MS + 240_000);

let database: pg.Client;
let buckets: { storage: string; model: string };
let machines: GatedMachines;
beforeAll(async () => {
  database = await createTestDatabase();
  buckets = await createTestBuckets();
  Object.assign(process.env, {
    PRETRAINED_WEIGHTS_KEY: 'weights/resnet18.pth',
    TRAINING_IMAGE: 'training',
    SERVING_IMAGE: 'serving',
    JOB_PREFIX: 'fpe-local-rank',
  });
  await writePhotoObjects(buckets.storage);
  machines = await startGatedMachines();
});
afterAll(async () => {
  await machines.end();
  await database.end();
});

type Actor = { machine: 'train-station' | 'score-station'; input: object };
type Move =
  | { do: 'go'; who: number; states: number }
  | { do: 'go to publishing'; who: number }
  | { do: 'fail'; who: number; fate: Fate }
  | { do: 'stop' | 'stop during' | 'redrive'; who: number }
  | { do: 'photos' | 'pairs' | 'people' };

const training = fc.record({
  model_code: fc.constantFrom('A', 'A', 'A', 'B'),
  dataset_code: fc.constantFrom('A', 'D'),
  overwrite: fc.boolean(),
  publish: fc.constantFrom(true, true, true, false),
  promote: fc.constantFrom('always', 'if_better', 'if_better', 'never'),
});
const actor: fc.Arbitrary<Actor> = fc.oneof(
  {
    weight: 3,
    arbitrary: training.map(
      (input): Actor => ({
        machine: 'train-station',
        input: { ...input, pretrained: false, max_hour: 23, min_hour: 0 },
      }),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Actor>({ machine: 'score-station', input: {} }) },
);
const who = fc.constantFrom(0, 0, 1, 1, 2);
const fate = fc.constantFrom<Fate>('fails before', 'fails after');
const event: fc.Arbitrary<Move> = fc.record({
  do: fc.constantFrom('photos' as const, 'pairs' as const, 'people' as const),
});
const go = fc.record({ do: fc.constant('go' as const), who, states: fc.integer({ min: 1, max: 20 }) });
const trouble = (at: number): fc.Arbitrary<Move> =>
  fc.oneof(
    fc.record({ do: fc.constant('fail' as const), who: fc.constant(at), fate }),
    fc.record({ do: fc.constantFrom('stop' as const, 'stop during' as const), who: fc.constant(at) }),
  );
const anything: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: go },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('go to publishing' as const), who }) },
  { weight: 2, arbitrary: who.chain(trouble) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('redrive' as const), who }) },
  { weight: 2, arbitrary: event },
);

/**
 * The core of an interleaving: one execution gets somewhere, mostly to where it publishes, and into trouble; another one does its
 * work; the first goes on. What comes in between is anything.
 */
const core: fc.Arbitrary<Move[]> = fc
  .record({
    one: who,
    other: who,
    states: fc.integer({ min: 1, max: 14 }),
    isNear: fc.boolean(),
    more: fc.integer({ min: 1, max: 4 }),
  })
  .chain(({ one, other, states, isNear, more }) =>
    trouble(one).map((step): Move[] => [
      isNear ? { do: 'go to publishing', who: one } : { do: 'go', who: one, states },
      step,
      { do: 'go to publishing', who: other },
      { do: 'go', who: other, states: more },
      { do: 'redrive', who: one },
      { do: 'go', who: one, states: 20 },
      { do: 'go', who: other, states: 20 },
    ]),
  );
const moves: fc.Arbitrary<Move[]> = fc
  .tuple(core, fc.array(fc.tuple(fc.nat(7), anything), { maxLength: 5 }))
  .map(([steps, more]) =>
    steps.flatMap((step, at) => [...more.filter(([place]) => place === at).map(([, each]) => each), step]),
  );

/** States that may change what the public sees; all others must not. */
const PUBLISHING = new Set(['publishModel', 'publishPredictions', 'withdrawPhotos']);

class World {
  readonly #station: Station;
  readonly #promised: Promised;
  readonly #actors: readonly Actor[];
  readonly #arns: (string | null)[];
  /** Executions that have changed what the public sees, other than by withdrawing photos. */
  readonly #published = new Set<string>();
  /** Those among them that were stopped only after that. */
  readonly #stoppedLate = new Set<string>();
  readonly #people = new Set<number>();
  /** What the public saw when that was last looked at, and the states that have worked since. */
  #public = '{}';
  readonly #unseen = new Set<string>();
  #photos = 18;

  constructor(station: Station, actors: readonly Actor[]) {
    this.#station = station;
    this.#actors = actors;
    this.#arns = actors.map(() => null);
    this.#promised = new Promised(database, station, buckets);
  }

  async make(step: Move): Promise<void> {
    switch (step.do) {
      case 'go':
        return this.#go(step.who, step.states);
      case 'go to publishing':
        return this.#goToPublishing(step.who);
      case 'fail':
        return this.#step(step.who, step.fate);
      case 'stop':
        return this.#stop(step.who, (arn) => machines.stop(arn));
      case 'stop during':
        return this.#stop(step.who, (arn) => machines.stopDuring(arn));
      case 'redrive':
        return this.#redrive(step.who);
      case 'photos':
        if (this.#photos + 3 > 60) return;
        await insertPhotos(database, this.#station, this.#photos, 3);
        this.#photos += 3;
        return;
      case 'pairs':
        return insertPairs(database, this.#station);
      case 'people':
        return this.#findPeople();
    }
  }

  /** Nothing that was left behind keeps the next executions from working, and they put everything right. */
  async finish(): Promise<void> {
    await this.#requireUnchanged();
    await this.#requirePromise();
    for (const arn of this.#arns) await this.#requireHonest(arn);
    const { rows } = await database.query('SELECT 1 FROM models WHERE station_id = $1 AND "default"', [
      this.#station.id,
    ]);
    for (const arn of this.#arns) if (arn && machines.waitsFor(arn)) await machines.stop(arn);
    if (rows.length === 0) return;
    const arn = await machines.start('score-station', { station_id: this.#station.id });
    while (machines.waitsFor(arn)) await machines.step(arn);
    const { status, error, cause } = await machines.describe(arn);
    expect({ status, error, cause }).toEqual({ status: 'SUCCEEDED', error: undefined, cause: undefined });
    for (const imageId of this.#people) await this.#promised.requireWithdrawn(imageId);
    await this.#requirePromise();
  }

  async #go(actor: number, states: number): Promise<void> {
    const arn = await this.#arnOf(actor);
    for (let count = 0; arn && count < states && machines.waitsFor(arn); count++)
      await this.#step(actor, 'works');
  }

  async #goToPublishing(actor: number): Promise<void> {
    const arn = await this.#arnOf(actor);
    for (;;) {
      const work = arn && machines.waitsFor(arn);
      if (!work || PUBLISHING.has(work)) return;
      await this.#step(actor, 'works');
    }
  }

  async #step(actor: number, fate: Fate): Promise<void> {
    const arn = await this.#arnOf(actor);
    const work = arn && machines.waitsFor(arn);
    if (!arn || !work) return;
    await machines.step(arn, fate);
    if (PUBLISHING.has(work)) await this.#note(arn, work);
    else this.#unseen.add(work);
  }

  async #stop(actor: number, stop: (arn: string) => Promise<void>): Promise<void> {
    const arn = this.#arns[actor];
    const work = arn && machines.waitsFor(arn);
    if (!arn || !work) return;
    if (this.#published.has(arn)) this.#stoppedLate.add(arn);
    await this.#requireUnchanged();
    await stop(arn);
    await this.#note(arn, work);
  }

  async #redrive(actor: number): Promise<void> {
    const arn = this.#arns[actor];
    if (!arn || machines.waitsFor(arn)) return;
    const { status } = await machines.describe(arn);
    if (status !== 'SUCCEEDED') await machines.redrive(arn);
  }

  async #arnOf(actor: number): Promise<string | null> {
    const chosen = this.#actors[actor];
    if (!chosen) return null;
    this.#arns[actor] ??= await machines.start(chosen.machine, {
      ...chosen.input,
      station_id: this.#station.id,
    });
    return this.#arns[actor] ?? null;
  }

  /** Who has changed what the public sees, and whether it was whole at that instant. */
  async #note(arn: string, work: string): Promise<void> {
    const after = JSON.stringify(await this.#promised.publicState());
    const isChanged = after !== this.#public;
    this.#public = after;
    if (!isChanged) return;
    expect({ work, publishes: PUBLISHING.has(work) }).toEqual({ work, publishes: true });
    if (work !== 'withdrawPhotos') this.#published.add(arn);
    if (work === 'publishModel') await this.#requireOwner(arn);
    await this.#requirePromise();
  }

  /** Only who holds the code has published under it, and what was not promoted is not the default. */
  async #requireOwner(arn: string): Promise<void> {
    const { model_code, model_uuid, keys } = machines.resultOf(arn, 'prepareRun') as Run;
    const { make_default } = machines.resultOf(arn, 'decidePromotion') as Promotion;
    const claim = await readClaim({ bucket: buckets.model, key: keys.claim });
    expect(claim?.claim.execution_arn).toBe(arn);
    const { rows } = await database.query(
      'SELECT uuid, "default" FROM models WHERE station_id = $1 AND code = $2',
      [this.#station.id, model_code],
    );
    expect(rows.map(({ uuid }) => uuid)).toEqual([model_uuid]);
    if (!make_default) expect(rows).toEqual([{ uuid: model_uuid, default: false }]);
  }

  /** No state but those that publish has changed what the public sees. */
  async #requireUnchanged(): Promise<void> {
    const now = JSON.stringify(await this.#promised.publicState());
    expect({ changedBy: now === this.#public ? [] : [...this.#unseen] }).toEqual({ changedBy: [] });
    this.#unseen.clear();
  }

  async #requirePromise(): Promise<void> {
    await this.#promised.requireWhole();
    await this.#promised.requireFixedPlaces();
    await this.#promised.requireNewIsNew();
  }

  /** An execution that failed, or was stopped before it published, has changed nothing. */
  async #requireHonest(arn: string | null | undefined): Promise<void> {
    if (!arn || !this.#published.has(arn) || this.#stoppedLate.has(arn)) return;
    const { status } = await machines.describe(arn);
    expect({ arn, status }).not.toEqual({ arn, status: 'ABORTED' });
    expect({ arn, status }).not.toEqual({ arn, status: 'FAILED' });
  }

  async #findPeople(): Promise<void> {
    const { rows } = await database.query(
      `UPDATE images SET pii_on = true, updated_at = clock_timestamp()
        WHERE id = (SELECT min(id) FROM images WHERE imageset_id = $1 AND pii_on IS NULL) RETURNING id`,
      [this.#station.imageset_id],
    );
    if (this.#people.size < 3) for (const { id } of rows) this.#people.add(id);
  }
}

test('every interleaving of executions, stops, redrives and faults keeps the promise', async () => {
  let tried = 0;
  const deadline = Date.now() + LIMIT_MS;
  const property = fc.asyncProperty(
    fc.array(actor, { minLength: 2, maxLength: 3 }),
    moves,
    async (actors, moves) => {
      if (Date.now() > deadline) return;
      const world = new World(await insertGoldStation(database), actors);
      for (const step of moves) await world.make(step);
      await world.finish();
      tried += 1;
    },
  );

  const details = await fc.check(property, {
    seed: SEED,
    numRuns: RUNS,
    endOnFailure: !process.env.FPE_SHRINK,
  });

  process.stderr.write(`${tried} interleavings, seed ${SEED}\n`);
  expect({
    seed: SEED,
    failed: details.failed,
    error: details.errorInstance,
    counterexample: details.failed ? fc.stringify(details.counterexample) : null,
  }).toEqual({ seed: SEED, failed: false, error: null, counterexample: null });
  expect(tried).toBeGreaterThan(10);
});
