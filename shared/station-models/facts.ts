import pMap from 'p-map';
import type * as z from 'zod';
import { executionPhase } from '../aws/executions.ts';
import {
  findSize,
  listFolders,
  listObjects,
  readAllRows,
  readRows,
  readVersion,
} from '../aws/object-store.ts';
import { imagesetUuidOf } from '../dataset/photo-key.ts';
import { FileInvalid, PipelineError } from '../errors.ts';
import {
  datasetKeys,
  imagesetPredictionsKey,
  modelKeys,
  modelsFolder,
  passingPrefix,
  publicFolder,
  publishedKeys,
  stationKeys,
  versionKeys,
  versionsFolder,
} from '../execution/keys.ts';
import { runClaim } from '../execution/run-claim.ts';
import { parseJsonAs } from '../formats/json.ts';
import { type ObjectLocation, s3Uri } from '../formats/object-location.ts';
import type { Database } from '../fpe-database/connection.ts';
import { findStationWithModels } from '../fpe-database/scoring-model.ts';
import { photosWithPeople } from '../fpe-database/station-export.ts';
import { tableNames } from '../model-bucket/withdrawal.ts';
import type { ModelType } from '../model-types/model-type.ts';
import { modelTypeOf, modelTypes } from '../model-types/registry.ts';
import { predictedPhoto } from '../predictions/columns.ts';
import { peopleRecord } from '../predictions/people-record.ts';
import { PhotoSet } from '../predictions/photo-set.ts';
import { type Withdrawal, withdrawal, withdrawalOf } from '../predictions/withdrawal.ts';
import { modelManifest } from '../publication/model-manifest.ts';
import type { ModelRow } from '../publication/model-row.ts';
import { comparePredictions, countDifferent } from '../verification/compare-predictions.ts';
import type {
  ClaimFacts,
  CodeFacts,
  ExecutionState,
  FoundObject,
  ImagesetFacts,
  Looked,
  Objects,
  PredictionsFacts,
  RunFolder,
  StationFacts,
  VersionFacts,
} from '../verification/facts.ts';
import type { Places } from '../verification/findings.ts';
import { codeOfRow, ownPredictionsKey, readValue } from '../verification/own-files.ts';

/** What could not be read, and why: nothing is known about it. */
export type Unchecked = { where: string; why: string };

export type StationLook = { facts: StationFacts; people: Withdrawal; unchecked: Unchecked[] };

const FILES_AT_ONCE = 10;

/**
 * Reads everything that a station has in the database, both buckets and Step Functions; changes nothing.
 *
 * @returns null if there is no such station
 * @throws DatabaseUnavailable and other errors of the database; what a bucket refuses is listed in `unchecked`
 */
export async function lookAtStation(
  database: Database,
  stationId: number,
  places: Places,
): Promise<StationLook | null> {
  const { station, models: rows } = await findStationWithModels(database, stationId);
  if (!station) return null;
  const look = new Look(places);
  const keys = stationKeys(stationId);
  const record = readValue(await look.file(keys.people, peopleRecord));
  const people = withdrawalOf(await photosWithPeople(database, stationId, record?.imagesets));
  const codes = await look.codes(stationId, rows);
  const uuids = new Set([
    ...rows.flatMap(({ uuid }) => uuid ?? []),
    ...codes.flatMap(({ versions }) => versions.map(({ uuid }) => uuid)),
  ]);
  const published = await look.publicFolders(uuids);
  const hidden = PhotoSet.fromJSON(people);
  const predictions = new Map<string, PredictionsFacts>();
  for (const row of rows) {
    const facts = { station, codes };
    const ofRow = await look.predictions(row, facts, published.get(row.uuid ?? ''), hidden);
    if (!ofRow || row.uuid === null) continue;
    predictions.set(row.uuid, ofRow.predictions);
    const code = codeOfRow({ codes }, row);
    if (code) code.imagesets = ofRow.imagesets;
  }
  const pending = await look.file(keys.withdrawal, withdrawal);
  return {
    facts: {
      station,
      rows,
      published,
      tablesWithPeople: await look.tablesWithPeople(published, hidden),
      codes,
      predictions,
      withdrawal: pending,
      hasScored:
        Object.values(record?.folders ?? {}).some((ids) => ids.length > 0) ||
        pending !== 'missing' ||
        codes.some(({ type, code, versions }) =>
          versions.some(({ uuid, files }) => files.has(versionKeys(type, stationId, code, uuid).scored)),
        ),
      runFolders: await look.runFolders(stationId),
    },
    people,
    unchecked: look.unchecked,
  };
}

type MutableCode = CodeFacts & { imagesets: readonly ImagesetFacts[] };

class Look {
  readonly unchecked: Unchecked[] = [];
  readonly #places: Places;
  readonly #states = new Map<string, Promise<ExecutionState | null>>();

  constructor(places: Places) {
    this.#places = places;
  }

  /** A refusal by a bucket or service is not a finding, and does not count as a missing file. */
  async #try<Result>(where: string, work: () => Promise<Result>): Promise<Result | null> {
    try {
      return await work();
    } catch (error) {
      if (!isOfService(error)) throw error;
      this.unchecked.push({ where, why: `${error.name}: ${firstLine(error)}` });
      return null;
    }
  }

  #inModelBucket = (key: string): ObjectLocation => ({ bucket: this.#places.model, key });

  /** Null if it could not be read. */
  async file<Value>(key: string, schema: z.ZodType<Value>): Promise<Looked<Value> | null> {
    const location = this.#inModelBucket(key);
    return this.#try(s3Uri(location), async (): Promise<Looked<Value>> => {
      const version = await readVersion(location);
      if (!version) return 'missing';
      try {
        return { value: parseJsonAs(version.text, schema) };
      } catch (error) {
        return { unreadable: (error as Error).message };
      }
    });
  }

  #stateOf(executionArn: string): Promise<ExecutionState | null> {
    const known = this.#states.get(executionArn);
    if (known) return known;
    const asked = this.#try(executionArn, () => executionPhase(executionArn));
    this.#states.set(executionArn, asked);
    return asked;
  }

  /** Every code that has files or a row. A code that could not be read is left out. */
  async codes(stationId: number, rows: readonly ModelRow[]): Promise<MutableCode[]> {
    const ofTypes = await pMap(modelTypes(), (type) => this.#codesOf(type, stationId, rows), {
      concurrency: 1,
    });
    return ofTypes.flat();
  }

  async #codesOf(type: ModelType, stationId: number, all: readonly ModelRow[]): Promise<MutableCode[]> {
    const rows = all.filter((row) => modelTypeOf(row.model_type_id) === type);
    const folder = modelsFolder(type, stationId);
    const listed = await this.#try(s3Uri(this.#inModelBucket(folder)), () =>
      listFolders(this.#places.model, folder),
    );
    if (!listed) return [];
    const names = [...new Set([...listed, ...rows.map(({ code }) => code)])];
    const found = await pMap(names, (code) => this.#code(type, stationId, code, rows), { concurrency: 2 });
    return found.filter((code) => code !== null);
  }

  async #code(
    type: ModelType,
    stationId: number,
    code: string,
    rows: readonly ModelRow[],
  ): Promise<MutableCode | null> {
    const keys = modelKeys(type, stationId, code);
    const where = s3Uri(this.#inModelBucket(keys.manifest));
    const manifest = await this.file(keys.manifest, modelManifest);
    if (!manifest) return null;
    const files = await this.#try(where, () => this.#fixedPlaces(keys));
    const versions = await this.#try(where, () => this.#versions(type, stationId, code, rows));
    if (!files || !versions) return null;
    const value = typeof manifest === 'object' && 'value' in manifest ? manifest.value : null;
    const dataset = value && datasetKeys(type, stationId, value.dataset_code).claim;
    const claims: ClaimFacts[] = [];
    for (const key of [keys.claim, keys.scoring_claim, ...(dataset ? [dataset] : [])]) {
      const claim = await this.#claim(key);
      if (claim) claims.push(claim);
    }
    const writer = value?.files.length === 0 ? await this.#stateOf(value.execution_arn) : null;
    return { type, code, claims, manifest, writer, files, versions, imagesets: [] };
  }

  async #claim(key: string): Promise<ClaimFacts | null> {
    const claim = await this.file(key, runClaim);
    if (!claim) return null;
    const value = typeof claim === 'object' && 'value' in claim ? claim.value : null;
    const isOpen = value !== null && value.status !== 'finished';
    return { key, claim, holder: isOpen ? await this.#stateOf(value.execution_arn) : null };
  }

  /** Without the scores of single photos that upstream's scripts leave below `transform/`: there may be a million of them. */
  async #fixedPlaces(keys: ReturnType<typeof modelKeys>): Promise<Objects> {
    const { model: bucket } = this.#places;
    const files = new Map<string, FoundObject>();
    for (const folder of [keys.input.prefix, `${keys.jobs}/`])
      for await (const object of listObjects(bucket, folder)) files.set(object.key, object);
    const single = [...Object.values(keys.transform), keys.report, keys.metrics];
    // Keys with this prefix follow directly.
    for (const key of single)
      for await (const object of listObjects(bucket, key)) {
        if (object.key === key) files.set(key, object);
        break;
      }
    return files;
  }

  async #versions(
    type: ModelType,
    stationId: number,
    code: string,
    rows: readonly ModelRow[],
  ): Promise<VersionFacts[]> {
    const { model: bucket } = this.#places;
    const uuids = await listFolders(bucket, versionsFolder(type, stationId, code));
    const found = await pMap(
      uuids,
      async (uuid): Promise<VersionFacts | null> => {
        const manifest = await this.file(versionKeys(type, stationId, code, uuid).manifest, modelManifest);
        if (!manifest) return null;
        const files = await objectsBelow(bucket, `${versionsFolder(type, stationId, code)}${uuid}/`);
        const hasRow = rows.some((row) => row.uuid === uuid);
        const value = typeof manifest === 'object' && 'value' in manifest ? manifest.value : null;
        const writer = hasRow || !value ? null : await this.#stateOf(value.execution_arn);
        return { uuid, manifest, files, writer };
      },
      { concurrency: FILES_AT_ONCE },
    );
    return found.filter((version) => version !== null);
  }

  async publicFolders(uuids: ReadonlySet<string>): Promise<Map<string, Objects>> {
    const { storage: bucket } = this.#places;
    const found = new Map<string, Objects>();
    for (const uuid of uuids) {
      const folder = publicFolder(uuid);
      const objects = await this.#try(s3Uri({ bucket, key: folder }), () => objectsBelow(bucket, folder));
      if (objects) found.set(uuid, objects);
    }
    return found;
  }

  /** What a row's public predictions hold, and how those of single imagesets agree with them; null if they could not be read. */
  async predictions(
    row: ModelRow,
    facts: Pick<StationFacts, 'station' | 'codes'>,
    published: Objects | undefined,
    hidden: PhotoSet,
  ): Promise<{ predictions: PredictionsFacts; imagesets: ImagesetFacts[] } | null> {
    if (row.uuid === null || !published) return null;
    const { storage: bucket } = this.#places;
    const key = publishedKeys(row.uuid, row.code).predictions;
    const training = key.replace(/predictions\.csv$/, 'predictions-train.csv');
    const where = s3Uri({ bucket, key });
    const isOurs = facts.codes.some(({ versions }) =>
      versions.some(({ uuid, manifest }) => uuid === row.uuid && typeof manifest === 'object'),
    );
    return this.#try(where, async () => {
      const ownKey = ownPredictionsKey(facts, row);
      const read = ownKey === null ? { value: null } : await ifValid(() => this.#ownScores(ownKey));
      if ('unreadable' in read)
        return { predictions: { ownUnreadable: read.unreadable, ownKey: ownKey as string }, imagesets: [] };
      const { value: own } = read;
      if (!published.has(key)) return { predictions: { unreadable: 'no such file' }, imagesets: [] };
      const compared = await ifValid(async () => {
        const shown = await readScores({ bucket, key });
        const rows = readRows({ bucket, key }, predictedPhoto);
        return { shown, comparison: await comparePredictions(rows, own, hidden) };
      });
      if ('unreadable' in compared) return { predictions: compared, imagesets: [] };
      const { shown, comparison } = compared.value;
      const isExtended = published.has(training);
      const trained = isExtended ? await readScores({ bucket, key: training }) : shown;
      // Upstream's trainings write no files of imagesets, and the public file of its models is the one that scorings extend.
      const [scores, without] = isOurs && own ? [own, hidden] : [shown, photosOf(trained)];
      return {
        predictions: { comparison, trainingRows: trained.size },
        imagesets: await this.#imagesets(row, facts, scores, without),
      };
    });
  }

  #ownScores(key: string): Promise<Map<string, number | null>> {
    return readScores(this.#inModelBucket(key));
  }

  /**
   * Imagesets with photos that have a score: each has a file of its own at the fixed places.
   *
   * @param without photos that must not be in any of them
   */
  async #imagesets(
    row: ModelRow,
    { station, codes }: Pick<StationFacts, 'station' | 'codes'>,
    own: ReadonlyMap<string, number | null>,
    without: PhotoSet,
  ): Promise<ImagesetFacts[]> {
    const code = codeOfRow({ codes }, row);
    const manifest = code?.manifest;
    const hasPlaces =
      manifest === 'missing' ||
      (typeof manifest === 'object' && 'value' in manifest && manifest.value.model_uuid === row.uuid);
    if (!hasPlaces) return [];
    const uuids = new Set<string>();
    for (const [filename, score] of own)
      if (score !== null && !without.has({ image_id: null, filename }))
        uuids.add(imagesetUuidOf(filename) ?? '');
    uuids.delete('');
    const { imagesets: folder } = modelKeys(modelTypeOf(row.model_type_id), station.id, row.code);
    return pMap(
      uuids,
      async (uuid): Promise<ImagesetFacts> => {
        const key = imagesetPredictionsKey(folder, uuid);
        const location = this.#inModelBucket(key);
        if ((await findSize(location)) === null) return { uuid, key, state: 'missing' };
        try {
          const rows = await readAllRows(location, predictedPhoto);
          const different = countDifferent(rows, own);
          return { uuid, key, state: different > 0 ? { different } : 'same' };
        } catch (error) {
          if (error instanceof FileInvalid) return { uuid, key, state: 'unreadable' };
          throw error;
        }
      },
      { concurrency: FILES_AT_ONCE },
    );
  }

  async tablesWithPeople(published: ReadonlyMap<string, Objects>, people: PhotoSet): Promise<string[]> {
    if (people.size === 0) return [];
    const { storage: bucket } = this.#places;
    const tables = [...published.values()].flatMap((objects) =>
      [...objects.keys()].filter((key) => key.endsWith('.csv')),
    );
    const found = await pMap(
      tables,
      async (key) => {
        const names = await this.#try(s3Uri({ bucket, key }), () =>
          tableNames({ bucket, key }, people).catch((error) => {
            if (error instanceof FileInvalid) return false; // reported for the file itself
            throw error;
          }),
        );
        return names ? [key] : [];
      },
      { concurrency: FILES_AT_ONCE },
    );
    return found.flat();
  }

  async runFolders(stationId: number): Promise<RunFolder[]> {
    const ofTypes = await pMap(modelTypes(), (type) => this.#runFoldersOf(type, stationId));
    return ofTypes.flat();
  }

  async #runFoldersOf(type: ModelType, stationId: number): Promise<RunFolder[]> {
    const { model: bucket } = this.#places;
    const folder = `${passingPrefix(type)}${stationId}/`;
    const found = await this.#try(s3Uri({ bucket, key: folder }), async () => {
      const codes = await listFolders(bucket, folder);
      const ofCode = async (code: string) =>
        (await listFolders(bucket, `${folder}${code}/`)).map((runId) => ({
          prefix: `${folder}${code}/${runId}/`,
          code,
          runId,
        }));
      return (await pMap(codes, ofCode, { concurrency: FILES_AT_ONCE })).flat();
    });
    return found ?? [];
  }
}

async function objectsBelow(bucket: string, folder: string): Promise<Map<string, FoundObject>> {
  const objects = new Map<string, FoundObject>();
  for await (const object of listObjects(bucket, folder)) objects.set(object.key, object);
  return objects;
}

async function readScores(location: ObjectLocation): Promise<Map<string, number | null>> {
  const scores = new Map<string, number | null>();
  for await (const rows of readRows(location, predictedPhoto))
    for (const { filename, score } of rows) scores.set(filename, score);
  return scores;
}

const photosOf = (scores: ReadonlyMap<string, number | null>): PhotoSet =>
  PhotoSet.fromJSON({ image_ids: [], filenames: [...scores.keys()] });

/** The content of a file, or why it cannot be parsed. */
async function ifValid<Value>(
  read: () => Promise<Value>,
): Promise<{ value: Value } | { unreadable: string }> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof FileInvalid)) throw error;
    return { unreadable: firstLine(error) };
  }
}

const firstLine = ({ message }: Error): string => message.split('\n')[0] as string;

/** An error of a service, or its silence; anything else is our own mistake. */
export const isOfService = (error: unknown): error is Error => error instanceof PipelineError;
