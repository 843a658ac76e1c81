import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../host/folder.ts';
import { formatCsv } from '../shared/formats/csv.ts';
import { MODEL_TYPES } from '../shared/model-types/registry.ts';
import { isDaytime, type Session, TIMEZONE } from './annotators.ts';
import { type DemoDataset, utcWithoutZone } from './observations.ts';
import {
  CAMERA_UTC_OFFSET_HOURS,
  type Imageset,
  type Photograph,
  type Photographs,
  STATION_NAME,
} from './photographs.ts';
import { randomSource } from './random.ts';
import { PHOTO_HEIGHT, PHOTO_WIDTH } from './render.ts';
import { LATITUDE, LONGITUDE } from './sun.ts';

const BUCKET = '{STORAGE_BUCKET}';
/** `stations.id` where the export "came from"; an import gives a new one. */
const SOURCE_STATION_ID = 29;
const FIRST_ANNOTATION_ID = 913;

const VARIABLES: Record<string, string> = {
  FLOW_CFS: 'Flow (cfs)',
  STAGE_FT: 'Stage (ft)',
  PRESSURE_KPA: 'Pressure (kPa)',
  WTEMP_C: 'Water temperature (°C)',
  ATEMP_C: 'Air temperature (°C)',
  SPCOND_USCM25: 'Specific conductance (µS/cm at 25 °C)',
  SNOW_FT: 'Snow depth (ft)',
  CHLA_PPB: 'Chlorophyll a (ppb)',
  ANIMAL_COUNT: 'Animals (count)',
  ICE: 'Ice cover',
  OTHER: 'Other',
};

export type DemoStation = Photographs & {
  datasets: DemoDataset[];
  sessions: Session[];
  /** What is observed and compared: FPE's ids of the variable and of what annotators judge by, and the kind of water. */
  observed?: Observed;
  /** Content of truth.csv, if other than flow and light. */
  truth?: string;
};
export type Observed = { variable: string; annotated: string; waterbody: string };
const FLOW: Observed = { variable: 'FLOW_CFS', annotated: 'FLOW', waterbody: 'ST' };

/** Where the files of a photo go in the demo station's folder; one that the website could not read has no thumbnail. */
export function photoPaths(
  folder: string,
  seed: number,
  imageset: Imageset,
  { filename, failed }: Photograph,
): { path: string; thumbnailPath: string | null } {
  const storage = join(folder, stationFolder(seed), 'storage');
  return {
    path: join(storage, photoKey(imageset, filename)),
    thumbnailPath: failed ? null : join(storage, thumbnailKey(imageset, filename)),
  };
}

const photoKey = ({ uuid }: Imageset, filename: string): string => `imagesets/${uuid}/images/${filename}`;

const thumbnailKey = ({ uuid }: Imageset, filename: string): string => `imagesets/${uuid}/thumbs/${filename}`;

const userId = (seed: number): string => randomSource(seed + 601).uuid();

const stationFolder = (seed: number): string =>
  join('users', userId(seed), 'stations', `${STATION_NAME.toUpperCase().replace(' ', '')}-DEMO`);

/**
 * Writes all files of an export but the photos, as FPE's exporter does (JSON columns as text within a string, UTC times
 * without a zone except the photos', NULL left out in arrays) with one addition: photos carry the id that the
 * annotations refer to. Besides, truth.csv: the flow and the light of every photo, for checking.
 */
export function writeExport(folder: string, seed: number, station: DemoStation): void {
  const { observed = FLOW } = station;
  const write = (path: string, content: unknown) => {
    const target = join(folder, path);
    makeFolder(dirname(target));
    writeFileSync(target, typeof content === 'string' ? content : `${JSON.stringify(content, null, 1)}\n`);
  };
  write(
    'variables.json',
    Object.entries(VARIABLES).map(([id, description]) => ({ id, description })),
  );
  write(
    'modelTypes.json',
    Object.entries(MODEL_TYPES).map(([id, { name }]) => ({ id, name })),
  );
  const user = userId(seed);
  write(`users/${user}/user.json`, {
    id: user,
    affiliation_code: 'USER',
    affiliation_name: 'Demonstration',
  });
  const db = join(stationFolder(seed), 'db');
  write(`${db}/station.json`, stationRow(observed));
  station.imagesets.forEach((imageset, index) => {
    const photographs = station.photographs.filter((photograph) => photograph.imageset === index);
    if (photographs.length === 0) return;
    const images = `${db}/imagesets/${imageset.uuid}`;
    write(`${images}/imageset.json`, imagesetRow(imageset, photographs));
    write(
      `${images}/images.json`,
      photographs.map((photograph) => imageRow(imageset, photograph)),
    );
  });
  for (const dataset of station.datasets) {
    write(`${db}/datasets/${dataset.uuid}/dataset.json`, datasetRow(dataset, observed));
    write(`${db}/datasets/${dataset.uuid}/series/${observed.variable}.json`, dataset.rows);
  }
  const times = new Map(station.photographs.map(({ id, scene }) => [id, scene.time]));
  write(
    `${db}/annotations.json`,
    station.sessions.map((session, index) => annotationRow(session, { index, times, observed })),
  );
  for (const session of station.sessions)
    write(`${stationFolder(seed)}/storage/annotations/${session.uuid}.json`, session.pairs);
  write('truth.csv', station.truth ?? flowTruth(station.photographs));
}

const stationRow = ({ waterbody }: Observed) => ({
  name: STATION_NAME,
  description: 'Generated photos of a stream that is not there, with a known flow',
  latitude: LATITUDE,
  longitude: LONGITUDE,
  timezone: TIMEZONE,
  // Reports say so at their top.
  metadata: '{"synthetic":true}',
  private: false,
  nwis_id: null,
  waterbody_type: waterbody,
  status: 'ACTIVE',
  annotation_priority: false,
});

function imagesetRow(imageset: Imageset, photographs: readonly Photograph[]) {
  const done = photographs.filter(({ failed }) => !failed);
  return {
    uuid: imageset.uuid,
    status: 'DONE',
    error_message: null,
    config: JSON.stringify({ timestamp: { utcOffset: CAMERA_UTC_OFFSET_HOURS } }),
    metadata: JSON.stringify({ description: imageset.description }),
    n_images: done.length,
    n_failed: photographs.length - done.length,
    pii_status: 'DONE',
    start_timestamp: utcWithoutZone((done[0] as Photograph).scene.time),
    end_timestamp: utcWithoutZone((done.at(-1) as Photograph).scene.time),
  };
}

function imageRow(imageset: Imageset, photograph: Photograph) {
  const key = photoKey(imageset, photograph.filename);
  const thumbnail = thumbnailKey(imageset, photograph.filename);
  return {
    id: photograph.id,
    filename: photograph.filename,
    ...(!photograph.failed && {
      timestamp: `${new Date(photograph.scene.time).toISOString().slice(0, 19)}+0000`,
      width: photograph.effects?.width ?? PHOTO_WIDTH,
      height: photograph.effects?.height ?? PHOTO_HEIGHT,
    }),
    full_s3: JSON.stringify({ Bucket: BUCKET, Key: key }),
    full_url: objectUrl(key),
    ...(!photograph.failed && {
      thumb_s3: JSON.stringify({ Bucket: BUCKET, Key: thumbnail }),
      thumb_url: objectUrl(thumbnail),
    }),
    status: photograph.failed ? 'FAILED' : 'DONE',
    ...(photograph.failed && { error_message: 'Failed to read the time from the EXIF data' }),
    pii_animal: 0.013,
    pii_person: photograph.person ? 0.9 : 0.0211,
    pii_vehicle: 0,
    pii_on: false,
    pii_off: false,
    pii_detections: '[]',
  };
}

function datasetRow({ uuid, filename, rows }: DemoDataset, { variable }: Observed) {
  const key = `datasets/${uuid}/${filename}`;
  return {
    uuid,
    status: 'DONE',
    error_message: null,
    filename,
    config: JSON.stringify({
      timestamp: { column: 'time', utcOffset: 0 },
      variables: [{ id: variable, column: 'flow', flag: 'flag', scale: 1, offset: 0 }],
    }),
    metadata: '{}',
    s3: JSON.stringify({ Bucket: BUCKET, Key: key }),
    url: objectUrl(key),
    start_timestamp: rows[0]?.timestamp ?? null,
    end_timestamp: rows.at(-1)?.timestamp ?? null,
    n_rows: rows.length,
  };
}

type AnnotationContext = { index: number; times: ReadonlyMap<number, number>; observed: Observed };

function annotationRow(session: Session, { index, times, observed }: AnnotationContext) {
  const key = `annotations/${session.uuid}.json`;
  const daytime = session.pairs.filter(({ left, right }) =>
    [left, right].every(({ imageId }) => isDaytime(times.get(imageId) as number)),
  );
  return {
    id: FIRST_ANNOTATION_ID + index * 7,
    user_id: session.userId,
    station_id: SOURCE_STATION_ID,
    uuid: session.uuid,
    status: 'DONE',
    duration_sec: Math.round(session.durationSeconds * 10) / 10,
    n: session.pairs.length,
    n_daytime: daytime.length,
    url: objectUrl(key),
    s3: JSON.stringify({ Bucket: BUCKET, Key: key }),
    created_at: utcWithoutZone(session.createdAt),
    updated_at: utcWithoutZone(session.createdAt),
    flag: false,
    training: false,
    // Sessions exported before variables came up do not name theirs.
    ...((index > 0 || observed !== FLOW) && { variable: observed.annotated }),
  };
}

const objectUrl = (key: string): string => `https://${BUCKET}.s3.amazonaws.com/${key}`;

const flowTruth = (photographs: readonly Photograph[]): string =>
  formatCsv(
    [
      'image_id',
      'timestamp',
      'filename',
      'flow_cfs',
      'is_daytime',
      'ice',
      'fog',
      'over_exposed',
      'gray',
      'person',
      'failed',
      'defect',
    ],
    photographs.map(({ id, filename, scene, gray, person, failed, defect }) => ({
      image_id: id,
      timestamp: new Date(scene.time).toISOString(),
      filename,
      flow_cfs: Math.round(scene.flowCfs * 10_000) / 10_000,
      is_daytime: isDaytime(scene.time),
      ice: Math.round(scene.ice * 1000) / 1000,
      fog: Math.round(scene.fog * 1000) / 1000,
      over_exposed: scene.exposure > 2,
      gray,
      person,
      failed,
      defect: defect ?? null,
    })),
  );
