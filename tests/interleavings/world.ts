import { deepStrictEqual, notDeepStrictEqual } from 'node:assert/strict';
import type { Promotion, Run } from '../../shared/execution/train-station-state.ts';
import { readClaim } from '../../shared/model-bucket/run-claim.ts';
import { verifyAndRepair } from '../../shared/station-models/verification.ts';
import type { Fate } from './gated-machines.ts';
import type { Actor, Move } from './moves.ts';
import { Promised } from './promise.ts';
import { insertPairs, insertPhotos, type Station } from './station.ts';
import type { Workplace } from './workplace.ts';

/** States that may change what the public sees; all others must not. */
const PUBLISHING = new Set(['publishModel', 'publishPredictions', 'withdrawPhotos']);

/** One station, its executions, and what the public saw of it so far. */
export class World {
  readonly #workplace: Workplace;
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

  constructor(workplace: Workplace, station: Station, actors: readonly Actor[]) {
    this.#workplace = workplace;
    this.#station = station;
    this.#actors = actors;
    this.#arns = actors.map(() => null);
    this.#promised = new Promised(workplace, station);
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
        return this.#stop(step.who, (arn) => this.#workplace.machines.stop(arn));
      case 'stop during':
        // Not anywhere within: between its last look and its commit no function can know of it.
        return this.#stop(step.who, (arn) => this.#workplace.machines.stopBefore(arn));
      case 'redrive':
        return this.#redrive(step.who);
      case 'photos':
        if (this.#photos + 3 > 60) return;
        await insertPhotos(this.#workplace.database, this.#station, this.#photos, 3);
        this.#photos += 3;
        return;
      case 'pairs':
        return insertPairs(this.#workplace.database, this.#station);
      case 'people':
        return this.#findPeople();
    }
  }

  /** Nothing that was left behind keeps the next executions from working, and they put everything right. */
  async finish(): Promise<void> {
    await this.#requireUnchanged();
    await this.#requirePromise();
    for (const arn of this.#arns) await this.#requireHonest(arn);
    const { rows } = await this.#workplace.database.query(
      'SELECT 1 FROM models WHERE station_id = $1 AND "default"',
      [this.#station.id],
    );
    for (const arn of this.#arns)
      if (arn && this.#workplace.machines.waitsFor(arn)) await this.#workplace.machines.stop(arn);
    if (rows.length === 0) return;
    const arn = await this.#workplace.machines.start('score-station', { station_id: this.#station.id });
    while (this.#workplace.machines.waitsFor(arn)) await this.#workplace.machines.step(arn);
    const { status, error, cause } = await this.#workplace.machines.describe(arn);
    deepStrictEqual({ status, error, cause }, { status: 'SUCCEEDED', error: undefined, cause: undefined });
    for (const imageId of this.#people) await this.#promised.requireWithdrawn(imageId);
    await this.#requirePromise();
    await this.#requireWell();
  }

  /** `fpe verify` finds no fault where the promise is kept. */
  async #requireWell(): Promise<void> {
    const options = { repair: false, confirmed: false, now: Date.now() };
    const found = await verifyAndRepair(this.#station.id, this.#workplace.buckets, options);
    const faults = found?.findings.filter(({ severity }) => severity === 'fault');
    deepStrictEqual({ faults, unchecked: found?.unchecked }, { faults: [], unchecked: [] });
  }

  async #go(actor: number, states: number): Promise<void> {
    const arn = await this.#arnOf(actor);
    for (let count = 0; arn && count < states && this.#workplace.machines.waitsFor(arn); count++)
      await this.#step(actor, 'works');
  }

  async #goToPublishing(actor: number): Promise<void> {
    const arn = await this.#arnOf(actor);
    for (;;) {
      const work = arn && this.#workplace.machines.waitsFor(arn);
      if (!work || PUBLISHING.has(work)) return;
      await this.#step(actor, 'works');
    }
  }

  async #step(actor: number, fate: Fate): Promise<void> {
    const arn = await this.#arnOf(actor);
    const work = arn && this.#workplace.machines.waitsFor(arn);
    if (!arn || !work) return;
    await this.#workplace.machines.step(arn, fate);
    if (PUBLISHING.has(work)) await this.#note(arn, work);
    else this.#unseen.add(work);
  }

  async #stop(actor: number, stop: (arn: string) => Promise<void>): Promise<void> {
    const arn = this.#arns[actor];
    const work = arn && this.#workplace.machines.waitsFor(arn);
    if (!arn || !work) return;
    if (this.#published.has(arn)) this.#stoppedLate.add(arn);
    await this.#requireUnchanged();
    await stop(arn);
    await this.#note(arn, work);
  }

  async #redrive(actor: number): Promise<void> {
    const arn = this.#arns[actor];
    if (!arn || this.#workplace.machines.waitsFor(arn)) return;
    const { status } = await this.#workplace.machines.describe(arn);
    if (status !== 'SUCCEEDED') await this.#workplace.machines.redrive(arn);
  }

  async #arnOf(actor: number): Promise<string | null> {
    const chosen = this.#actors[actor];
    if (!chosen) return null;
    this.#arns[actor] ??= await this.#workplace.machines.start(chosen.machine, {
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
    deepStrictEqual({ work, publishes: PUBLISHING.has(work) }, { work, publishes: true });
    if (work !== 'withdrawPhotos') this.#published.add(arn);
    if (work === 'publishModel') await this.#requireOwner(arn);
    await this.#requirePromise();
  }

  /** Only who holds the code has published under it, and what was not promoted is not the default. */
  async #requireOwner(arn: string): Promise<void> {
    const { model_code, model_uuid, keys } = this.#workplace.machines.resultOf(arn, 'prepareRun') as Run;
    const { make_default } = this.#workplace.machines.resultOf(arn, 'decidePromotion') as Promotion;
    const claim = await readClaim({ bucket: this.#workplace.buckets.model, key: keys.claim });
    deepStrictEqual(claim?.claim.execution_arn, arn);
    const { rows } = await this.#workplace.database.query(
      'SELECT uuid, "default" FROM models WHERE station_id = $1 AND code = $2',
      [this.#station.id, model_code],
    );
    deepStrictEqual(
      rows.map(({ uuid }) => uuid),
      [model_uuid],
    );
    if (!make_default) deepStrictEqual(rows, [{ uuid: model_uuid, default: false }]);
  }

  /** No state but those that publish has changed what the public sees. */
  async #requireUnchanged(): Promise<void> {
    const now = JSON.stringify(await this.#promised.publicState());
    deepStrictEqual({ changedBy: now === this.#public ? [] : [...this.#unseen] }, { changedBy: [] });
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
    const { status } = await this.#workplace.machines.describe(arn);
    notDeepStrictEqual({ arn, status }, { arn, status: 'ABORTED' });
    notDeepStrictEqual({ arn, status }, { arn, status: 'FAILED' });
  }

  async #findPeople(): Promise<void> {
    const { rows } = await this.#workplace.database.query(
      `UPDATE images SET pii_on = true, updated_at = clock_timestamp()
        WHERE id = (SELECT min(id) FROM images WHERE imageset_id = $1 AND NOT pii_on) RETURNING id`,
      [this.#station.imageset_id],
    );
    if (this.#people.size < 3) for (const { id } of rows) this.#people.add(id);
  }
}
