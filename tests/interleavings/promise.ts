import Papa from 'papaparse';
import type pg from 'pg';
import {
  datasetKeys,
  modelKeys,
  modelsFolder,
  publicFolder,
  publishedKeys,
  versionKeys,
  versionsFolder,
} from '../../shared/execution/keys.ts';
import { parseCsv } from '../../shared/formats/csv.ts';
import { s3Uri } from '../../shared/formats/object-location.ts';
import { findDefaultModel } from '../../shared/fpe-database/model-rows.ts';
import { stationHistories } from '../../shared/fpe-database/station-histories.ts';
import { readScoredUntil } from '../../shared/model-bucket/scored-until.ts';
import { readTrainedUntil } from '../../shared/model-bucket/trained-until.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import { predictedPhoto } from '../../shared/predictions/columns.ts';
import { modelManifest } from '../../shared/publication/model-manifest.ts';
import { readModelFile, scoreOfArchive } from './instant-jobs.ts';
import type { Objects } from './objects.ts';
import type { Station } from './station.ts';
import type { Workplace } from './workplace.ts';

/**
 * The promise of docs/reliability.md as a model of the buckets and the database: what holds at any instant, whatever happened.
 * Each function throws with what is broken.
 */
export class Promised {
  readonly #database: pg.Client;
  readonly #objects: Objects;
  readonly #station: Station;
  readonly #buckets: { storage: string; model: string };

  constructor({ database, objects, buckets }: Omit<Workplace, 'machines' | 'end'>, station: Station) {
    this.#database = database;
    this.#objects = objects;
    this.#station = station;
    this.#buckets = buckets;
  }

  /** What the website shows of the station: its rows, and the versions of the files that they name. */
  async publicState(): Promise<Record<string, string>> {
    const state: Record<string, string> = {};
    for (const row of await this.#rows()) {
      // The instant of the training's snapshot is not shown.
      const { created_at: _, ...shown } = row;
      state[`row ${row.id}`] = JSON.stringify(shown);
      if (row.uuid)
        for (const [key, etag] of this.#objects.list(this.#buckets.storage, publicFolder(row.uuid)))
          state[key] = etag;
    }
    return state;
  }

  /** At most one default, and nothing else is drawn; each row's files are there, whole, and all of one model. */
  async requireWhole(): Promise<void> {
    const rows = await this.#rows();
    const defaults = rows.filter((row) => row.default);
    require(defaults.length <= 1, `defaults: ${defaults.map(({ code }) => code)}`);
    const codes = rows.map(({ code }) => code);
    require(new Set(codes).size === codes.length, `two rows of one code: ${codes}`);
    for (const row of rows) {
      const { uuid, code } = row;
      const isDrawn = row.predictions_url !== null;
      require(isDrawn === row.default, `${code}: drawn ${isDrawn}, default ${row.default}`);
      if (isDrawn) await this.#requirePublicFiles(uuid, code);
      const own = versionKeys(RANK, this.#station.id, code, uuid).transform.predictions;
      await this.#requireScoresOf('model', own, uuid, code);
    }
  }

  async #requirePublicFiles(uuid: string, code: string): Promise<void> {
    const keys = publishedKeys(uuid, code);
    const found = this.#objects.list(this.#buckets.storage, publicFolder(uuid));
    for (const key of Object.values(keys)) require(found.has(key), `${key} is missing`);
    await this.#requireScoresOf('storage', keys.predictions, uuid);
  }

  /** The files at the fixed places of a code are those of its row, or of the manifest of one that is not published. */
  async requireFixedPlaces(): Promise<void> {
    const { id } = this.#station;
    const rows = await this.#rows();
    for (const code of this.#folders(modelsFolder(RANK, id))) {
      const fixed = modelKeys(RANK, id, code);
      const row = rows.find((each) => each.code === code);
      const text = this.#textOf('model', fixed.manifest);
      if (text === null) {
        require(!row, `${code} is published, and no manifest tells whose files lie at its fixed places`);
        continue;
      }
      const manifest = modelManifest.parse(JSON.parse(text));
      if (row)
        require(manifest.model_uuid ===
          row.uuid, `${code}: files of ${manifest.model_uuid}, row of ${row.uuid}`);
      const folder = folderOf(fixed.manifest);
      const etags = this.#objects.list(this.#buckets.model, folder);
      // The dataset's are shared with other model codes, and the predictions are extended.
      const own = manifest.files.filter(
        ({ key }) => key.startsWith(folder) && key !== fixed.transform.predictions,
      );
      for (const { key, etag } of own)
        require(etags.get(key) === etag, `${key} is not of the manifest’s model`);
      await this.#requireScoresOf('model', fixed.transform.predictions, manifest.model_uuid, code);
      const imagesets = this.#objects.list(this.#buckets.model, `${fixed.imagesets}/`);
      require(imagesets.size > 0, `${code} has no predictions of single imagesets`);
      for (const key of imagesets.keys())
        await this.#requireScoresOf('model', key, manifest.model_uuid, code);
    }
    this.#requireDatasets();
  }

  /** The files of a dataset code are all of one training, or there are none. */
  #requireDatasets(): void {
    const { id } = this.#station;
    const made = new Set(
      this.#versions().map(({ code, uuid }) => this.#contentOf(versionKeys(RANK, id, code, uuid).dataset)),
    );
    for (const code of this.#folders(`rank/${id}/datasets/`)) {
      const { claim: _, ...files } = datasetKeys(RANK, id, code);
      const content = this.#contentOf(files);
      const isEmpty = content === this.#contentOf({});
      require(isEmpty ||
        made.has(content), `the files of dataset ${code} are of no single training: ${content}`);
    }
  }

  /** Names and ETags of the files that are there. */
  #contentOf(files: Record<string, string>): string {
    const [any] = Object.values(files);
    const found = any ? this.#objects.list(this.#buckets.model, folderOf(any)) : new Map<string, string>();
    return Object.entries(files)
      .flatMap(([name, key]) => (found.has(key) ? [`${name} ${found.get(key)}`] : []))
      .join();
  }

  /** Photos that the public predictions of the default model name; none where there is none. */
  async scoredPhotos(): Promise<Set<number>> {
    const shown = (await this.#rows()).find((row) => row.default);
    if (!shown) return new Set();
    const photos = this.#photosOf('storage', publishedKeys(shown.uuid, shown.code).predictions);
    return new Set([...photos].filter((id) => id !== null));
  }

  /** Photos without people that the public predictions do not name. */
  async unscoredPhotos(): Promise<number[]> {
    const scored = await this.scoredPhotos();
    return (await this.#visiblePhotos()).filter((id) => !scored.has(id));
  }

  async defaultUuid(): Promise<string | undefined> {
    return (await this.#rows()).find((row) => row.default)?.uuid;
  }

  /** What arrived and is in no published score, or in no training, is new to the plan of a refresh. */
  async requireNewIsNew(): Promise<void> {
    const { id } = this.#station;
    const wanted = [
      { station_id: id, model_type: 'RANK', variable_code: 'FLOW_CFS', annotation_variable: 'FLOW' },
    ];
    const database = this.#database;
    const model = await findDefaultModel(database, id, { model_type_id: 'RANK', variable_id: 'FLOW_CFS' });
    const defaults = model ? [model] : [];
    const [history] = await stationHistories(
      database,
      wanted,
      defaults,
      await readScoredUntil(defaults),
      await readTrainedUntil(wanted),
    );
    const [shown] = (await this.#rows()).filter((row) => row.default);
    if (!shown || !history) return;
    const keys = versionKeys(RANK, id, shown.code, shown.uuid);
    const predicted = this.#photosOf('model', keys.transform.predictions);
    const missing = (await this.#visiblePhotos()).filter((photo) => !predicted.has(photo)).length;
    require(history.new_photos >=
      missing, `${missing} photos without a score, the plan counts ${history.new_photos}`);
    const [newest] = (await this.#rows()).sort((one, other) => other.created_at - one.created_at);
    const trained =
      this.#textOf(
        'model',
        versionKeys(RANK, id, newest?.code as string, newest?.uuid as string).dataset.annotations,
      ) ?? '';
    const { rows: sessions } = await database.query('SELECT id, n FROM annotations WHERE station_id = $1', [
      id,
    ]);
    const unseen = sessions.filter((session) => !trained.includes(`\n${session.id},`));
    const pairs = unseen.reduce((sum, { n }) => sum + n, 0);
    require(history.new_pairs >=
      pairs, `${pairs} pairs that no model has seen, the plan counts ${history.new_pairs}`);
  }

  /** No public table of any model that the station has or had names the photo, by its id, its file or its address. */
  async requireWithdrawn(imageId: number): Promise<void> {
    const { rows } = await this.#database.query(
      `SELECT full_s3::json->>'Key' AS filename, full_url AS url FROM images WHERE id = $1`,
      [imageId],
    );
    const { filename, url } = rows[0] as { filename: string; url: string };
    const names = ([column, cell]: [string, string]): boolean =>
      cell === filename || cell === url || (/image_?id/i.test(column) && cell === String(imageId));
    const uuids = [...(await this.#rows()), ...this.#versions()].map(({ uuid }) => uuid as string);
    for (const uuid of new Set(uuids))
      for (const key of this.#objects.list(this.#buckets.storage, publicFolder(uuid)).keys()) {
        if (!key.endsWith('.csv')) continue;
        const text = this.#textOf('storage', key) as string;
        const lines = Papa.parse<Record<string, string>>(text, { header: true }).data;
        const isNamed = lines.some((line) => Object.entries(line).some(names));
        require(!isNamed, `${key} names photo ${imageId}`);
      }
  }

  #versions(): { code: string; uuid: string }[] {
    const { id } = this.#station;
    return this.#folders(modelsFolder(RANK, id)).flatMap((code) =>
      this.#folders(versionsFolder(RANK, id, code)).map((uuid) => ({ code, uuid })),
    );
  }

  #folders(folder: string): string[] {
    return this.#objects.folders(this.#buckets.model, folder);
  }

  async #visiblePhotos(): Promise<number[]> {
    const { rows } = await this.#database.query(
      `SELECT i.id FROM images i JOIN imagesets s ON s.id = i.imageset_id
        WHERE s.station_id = $1 AND NOT image_has_pii(i.pii_person, i.pii_vehicle, i.pii_on, i.pii_off)`,
      [this.#station.id],
    );
    return rows.map(({ id }) => id);
  }

  async #rows() {
    const { rows } = await this.#database.query(
      'SELECT id, code, uuid, "default", predictions_url, updated_at, created_at FROM models WHERE station_id = $1 ORDER BY id',
      [this.#station.id],
    );
    return rows;
  }

  /** Every score is one that the model of this uuid gives. */
  async #requireScoresOf(
    bucket: 'storage' | 'model',
    key: string,
    uuid: string,
    code?: string,
  ): Promise<void> {
    const archive =
      code === undefined
        ? { bucket: this.#buckets.storage, key: publishedKeys(uuid, '').model }
        : { bucket: this.#buckets.model, key: versionKeys(RANK, this.#station.id, code, uuid).model };
    const whole = await this.#wholeOf(s3Uri(archive));
    const text = this.#textOf(bucket, key) as string;
    const scores = parseCsv(text, predictedPhoto, key).map(({ score }) => score);
    require(scores.length > 0, `${key} has no rows`);
    const others = scores.filter((score) => score !== null && Math.floor(score) !== whole);
    require(others.length === 0, `${key}: ${others.length} of ${scores.length} scores are another model’s`);
  }

  readonly #wholes = new Map<string, number>();
  async #wholeOf(uri: string): Promise<number> {
    const whole = this.#wholes.get(uri) ?? scoreOfArchive(await readModelFile(this.#objects, uri));
    this.#wholes.set(uri, whole);
    return whole;
  }

  #photosOf(bucket: 'storage' | 'model', key: string): Set<number | null> {
    const text = this.#textOf(bucket, key) as string;
    return new Set(parseCsv(text, predictedPhoto, key).map(({ image_id }) => image_id));
  }

  #textOf(bucket: 'storage' | 'model', key: string): string | null {
    return this.#objects.findText({ bucket: this.#buckets[bucket], key });
  }
}

/** With a slash at its end. */
const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);

function require(holds: boolean, broken: string): asserts holds {
  if (!holds) throw new Error(`Broken: ${broken}`);
}
