import type { DefaultModel } from '../publication/default-model.ts';
import type { StationHistory } from '../refresh/plan.ts';
import type { Database } from './connection.ts';
import { HAS_PII } from './image-sql.ts';
import { isPossible } from './station-export.ts';
import { isSynthetic } from './station-sql.ts';

/** What a station is refreshed for. */
export type RefreshedStation = {
  station_id: number;
  model_type: string;
  variable_code: string;
  annotation_variable: string;
};

/** All stations, by id. */
export async function stationIds(database: Database): Promise<number[]> {
  const { rows } = await database.query<{ id: number }>('SELECT id FROM stations ORDER BY id');
  return rows.map(({ id }) => id);
}

/** A time in the past, otherwise null: one in the future, or infinite, would be newer than every model forever. */
const past = (timestamp: string): string =>
  `CASE WHEN ${timestamp} > '-infinity' AND ${timestamp} < now() + interval '1 day' THEN ${timestamp} END`;

/**
 * What there is to train on and to score for each station, in the order given, in one round trip.
 *
 * Sessions, photos and imagesets count as train-station's export counts them. A training has seen what arrived before the instant
 * of its snapshot, which is `created_at` of its row, or in a file if it led to no row; a scoring has seen what arrived before its
 * own snapshot. A photo is new if it, or its imageset, arrived or was processed after that: too many rather than too few, because
 * scoring compares them with the predictions one by one.
 *
 * @param defaults default models, at most one per station
 * @param scoredUntil time up to which the default model of a station has scored photos, ISO 8601; without it, the time of its
 *   training
 * @param trainedUntil time up to which trainings of a station that led to no row have seen its pairs, ISO 8601
 */
export async function stationHistories(
  database: Database,
  stations: readonly RefreshedStation[],
  defaults: readonly DefaultModel[],
  scoredUntil: ReadonlyMap<number, string> = new Map(),
  trainedUntil: ReadonlyMap<number, string> = new Map(),
): Promise<Omit<StationHistory, 'people_left'>[]> {
  const defaultIds = new Map(defaults.map(({ station_id, id }) => [station_id, id]));
  const { rows } = await database.query<Omit<StationHistory, 'people_left'>>(
    `SELECT wanted.station_id, station.name AS station_name, ${isSynthetic('station')} AS synthetic,
            CASE WHEN model.id IS NOT NULL THEN json_build_object('code', model.code, 'scored_until', model.scored_until) END AS model,
            training.trained_at, annotated.pairs, annotated.new_pairs,
            coalesce(photos.new_photos, 0)::float8 AS new_photos
       FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::int[], $6::timestamptz[], $7::timestamptz[]) WITH ORDINALITY
              AS wanted (station_id, model_type, variable_code, annotation_variable, model_id, scored_until, trained_until, position)
       LEFT JOIN stations station ON station.id = wanted.station_id
       LEFT JOIN LATERAL (
         SELECT id, code, coalesce(wanted.scored_until, ${past('created_at')}, '1970-01-01 UTC') AS scored_until FROM models
          WHERE id = wanted.model_id) model ON true
       LEFT JOIN LATERAL (
         SELECT greatest(max(${past('created_at')}), wanted.trained_until) AS trained_at FROM models
          WHERE station_id = wanted.station_id AND model_type_id = wanted.model_type AND variable_id = wanted.variable_code
            AND status = 'DONE') training ON true
       LEFT JOIN LATERAL (
         SELECT coalesce(sum(n), 0)::float8 AS pairs,
                coalesce(sum(n) FILTER (WHERE training.trained_at IS NULL OR ${past('created_at')} > training.trained_at), 0)::float8 AS new_pairs
           FROM annotations
          WHERE station_id = wanted.station_id AND variable = wanted.annotation_variable
            AND NOT flag AND status = 'DONE' AND url IS NOT NULL) annotated ON true
       LEFT JOIN LATERAL (
         SELECT count(*) FILTER (WHERE NOT has_pii) AS new_photos
           FROM (SELECT ${HAS_PII} AS has_pii
                   FROM imagesets s JOIN images i ON i.imageset_id = s.id
                  WHERE s.station_id = wanted.station_id AND s.status = 'DONE' AND i.status = 'DONE'
                    AND ${isPossible('i.timestamp')}
                    AND greatest(${['i.created_at', 'i.updated_at', 's.created_at', 's.updated_at'].map(past)}) > model.scored_until) changed
       ) photos ON model.id IS NOT NULL
      ORDER BY wanted.position`,
    [
      stations.map(({ station_id }) => station_id),
      stations.map(({ model_type }) => model_type),
      stations.map(({ variable_code }) => variable_code),
      stations.map(({ annotation_variable }) => annotation_variable),
      stations.map(({ station_id }) => defaultIds.get(station_id) ?? null),
      stations.map(({ station_id }) => scoredUntil.get(station_id) ?? null),
      stations.map(({ station_id }) => trainedUntil.get(station_id) ?? null),
    ],
  );
  return rows.map(({ model, ...row }) => ({
    ...row,
    model: model && { ...model, scored_until: new Date(model.scored_until) },
  }));
}

/** A station with models whose photos show people. */
export type StationPeople = {
  station_id: number;
  /** Ids of the photos. */
  people: number[];
  /** Uuids of all models with a row: the folders that the website may read. */
  uuids: string[];
  /** Code of the newest model. */
  code: string;
};

/**
 * Those of these stations that have both models and photos that show people or vehicles.
 *
 * @param former former imagesets of the stations, whichever station they belong to now
 */
export async function stationPeople(
  database: Database,
  stationIds: readonly number[],
  former: readonly { station_id: number; uuid: string }[] = [],
): Promise<StationPeople[]> {
  const { rows } = await database.query<StationPeople>(
    `SELECT s.station_id, array_agg(DISTINCT i.id) AS people, models.uuids, models.code
       FROM (SELECT id, station_id FROM imagesets WHERE station_id = ANY ($1)
             UNION SELECT imagesets.id, former.station_id FROM unnest($2::int[], $3::text[]) AS former (station_id, uuid)
                     JOIN imagesets USING (uuid)) s
       JOIN images i ON i.imageset_id = s.id
       JOIN (SELECT station_id, array_agg(uuid::text ORDER BY id) AS uuids, (array_agg(code ORDER BY id DESC))[1] AS code
               FROM models WHERE station_id = ANY ($1) AND uuid IS NOT NULL GROUP BY station_id) models USING (station_id)
      WHERE ${HAS_PII}
      GROUP BY s.station_id, models.uuids, models.code`,
    [stationIds, former.map(({ station_id }) => station_id), former.map(({ uuid }) => uuid)],
  );
  return rows;
}
