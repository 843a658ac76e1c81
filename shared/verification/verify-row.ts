import { publicFolder, publishedKeys, versionKeys } from '../execution/keys.ts';
import { countOf, formatCount } from '../formats/numbers.ts';
import { type ObjectLocation, s3Uri } from '../formats/object-location.ts';
import { modelTypeOf } from '../model-types/registry.ts';
import { isDrawn } from '../publication/drawn-models.ts';
import type { ModelRow } from '../publication/model-row.ts';
import type { PredictionsComparison } from './compare-predictions.ts';
import type { FoundObject, Objects, StationFacts } from './facts.ts';
import { fault, type Places, type Repair, remark, type VerificationFinding } from './findings.ts';
import { codeOfRow, ownPredictionsKey, readValue, twinOf, versionOf } from './own-files.ts';

export const whereIs = ({ id, code }: Pick<ModelRow, 'id' | 'code'>): string => `models.id ${id}, ${code}`;

/** Whether the files that a row names are there, and are those of its model. */
export function verifyRow(row: ModelRow, facts: StationFacts, places: Places): VerificationFinding[] {
  const { uuid } = row;
  if (uuid === null)
    return [
      remark('row_without_uuid', whereIs(row), {
        found: 'no uuid',
        expected: 'the uuid of its public folder',
        advice: `it cannot be used for scoring; train again${isDrawn(row) ? ', and take it off the page with ./fpe unpublish' : ''}`,
      }),
    ];
  const published = facts.published.get(uuid);
  if (!published) return [];
  // Its files are made anew when it is drawn again; until then scoring goes by its own.
  if (!isDrawn(row) && versionOf(facts, row.code, uuid))
    return row.default ? [hiddenDefault(row, facts)] : [];
  return [
    ...verifyAddress(row, 'predictions_url', published, facts, places),
    ...verifyAddress(row, 'diagnostics_url', published, facts, places),
    ...verifyArchive(row, published, facts, places),
    ...(versionOf(facts, row.code, uuid) ? verifyTables(row, published, places) : []),
    ...verifyPredictions(row, published, facts, places),
  ];
}

const hiddenDefault = (row: ModelRow, { station }: StationFacts): VerificationFinding =>
  remark('row_without_address', whereIs(row), {
    found: 'no URLs, although it is the default',
    expected: 'the URLs of its files; without them the website does not draw it',
    advice: `./fpe restore --station ${station.id} --model-code ${row.code}`,
  });

/** Addresses are regional (contract 9.1); older ones are global, and both name bucket and key. */
export function objectOfUrl(url: string): ObjectLocation | null {
  const [, bucket, key] =
    /^https?:\/\/([^/]+?)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com\/(.+)$/s.exec(url) ?? [];
  return bucket && key ? { bucket, key } : null;
}

function verifyAddress(
  row: ModelRow,
  column: 'predictions_url' | 'diagnostics_url',
  published: Objects,
  facts: StationFacts,
  { storage }: Places,
): VerificationFinding[] {
  const uuid = row.uuid as string;
  const url = row[column];
  const keys = publishedKeys(uuid, row.code);
  const expectedKey = column === 'predictions_url' ? keys.predictions : keys.report;
  const where = `${whereIs(row)}, ${column}`;
  if (url === null)
    return published.has(expectedKey)
      ? [
          remark('row_without_address', where, {
            found: `null, although there is ${s3Uri({ bucket: storage, key: expectedKey })}`,
            expected: 'its address',
            advice: 'set it, unless the model should not be shown',
          }),
        ]
      : [];
  const named = objectOfUrl(url);
  if (named?.bucket !== storage || !named.key.startsWith(publicFolder(uuid)))
    return [
      remark('address_elsewhere', where, {
        found: `${url}, which was not checked`,
        expected: `a file below ${s3Uri({ bucket: storage, key: publicFolder(uuid) })}`,
        advice: 'check whether that file exists and belongs to this model',
      }),
    ];
  const file = published.get(named.key) ?? published.get(decoded(named.key));
  if (file && file.size > 0) return [];
  const source = named.key === expectedKey && !file ? sourceOf(column, row, facts) : null;
  return [
    fault(
      'row_without_file',
      where,
      {
        found: `${url}: ${file ? 'an empty file' : 'no such file'}`,
        expected: 'an existing file; without predictions the station’s page fails (Q-P4)',
        advice: 'upload the file, or train again',
      },
      source ?? { do: 'unlink', model_id: row.id, column, url },
    ),
  ];
}

/** The repair that rebuilds an address's file from the model's own files; null if those are missing. */
function sourceOf(
  column: 'predictions_url' | 'diagnostics_url',
  row: ModelRow,
  facts: StationFacts,
): Repair | null {
  const { code } = row;
  const uuid = row.uuid as string;
  if (column === 'predictions_url')
    return hasPredictions(facts, row) ? { do: 'rebuild_predictions', code, uuid } : null;
  const hasReport =
    versionOf(facts, code, uuid) !== null &&
    hasOwn(facts, code, versionKeys(modelTypeOf(row.model_type_id), facts.station.id, code, uuid).report);
  return hasReport ? { do: 'restore_public_file', code, uuid, file: 'report' } : null;
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

const hasOwn = (facts: StationFacts, code: string, key: string): boolean =>
  facts.codes
    .find((each) => each.code === code)
    ?.versions.some(({ files }) => (files.get(key)?.size ?? 0) > 0) ?? false;

const hasPredictions = (facts: StationFacts, row: ModelRow): boolean =>
  ownPredictionsKey(facts, row) !== null;

/** The archive that photos are scored with is a copy of the one in the model bucket. */
function verifyArchive(
  row: ModelRow,
  published: Objects,
  facts: StationFacts,
  places: Places,
): VerificationFinding[] {
  const uuid = row.uuid as string;
  const { model: key } = publishedKeys(uuid, row.code);
  const found = published.get(key);
  const source = archiveSource(row, facts);
  const isSame = found && (!source || (found.size === source.size && isSameChecksum(found, source)));
  if (found && found.size > 0 && isSame) return [];
  const repair: Repair | null = source
    ? {
        do: 'copy',
        from: { bucket: places.model, key: source.key },
        to: { bucket: places.storage, key },
        etag: found?.etag ?? null,
        run_id: readValue(versionOf(facts, row.code, uuid)?.manifest ?? null)?.run_id ?? 'repair',
      }
    : null;
  return [
    fault(
      found ? 'file_differs' : 'file_missing',
      s3Uri({ bucket: places.storage, key }),
      {
        found: found ? `${formatCount(found.size)} bytes, ${found.etag}` : 'no such file',
        expected: source
          ? `the copy of ${source.key}: ${formatCount(source.size)} bytes, ${source.etag}`
          : 'the archive of the model; nothing can be scored without it',
        advice: 'upload the archive of the training job, or train again',
      },
      repair,
    ),
  ];
}

/** Checksums of files that were uploaded in parts are of the parts: only those of whole files compare. */
const isSameChecksum = (one: FoundObject, other: FoundObject): boolean =>
  one.etag === other.etag || one.etag.includes('-') || other.etag.includes('-');

/** Of upstream's models the archive of the training job, where there was only one. */
function archiveSource(row: ModelRow, facts: StationFacts): FoundObject | null {
  const code = codeOfRow(facts, row);
  const own = versionOf(facts, row.code, row.uuid as string);
  if (own)
    return (
      own.files.get(
        versionKeys(modelTypeOf(row.model_type_id), facts.station.id, row.code, row.uuid as string).model,
      ) ?? null
    );
  if (code?.manifest !== 'missing') return null;
  const archives = [...code.files.values()].filter(({ key }) =>
    /\/jobs\/[^/]+\/output\/model\.tar\.gz$/.test(key),
  );
  return archives.length === 1 ? (archives[0] as FoundObject) : null;
}

/** Nobody but people reads them; they belong to what this pipeline publishes all the same. */
function verifyTables(row: ModelRow, published: Objects, places: Places): VerificationFinding[] {
  const uuid = row.uuid as string;
  const keys = publishedKeys(uuid, row.code);
  return (['images', 'annotations'] as const)
    .filter((file) => (published.get(keys[file])?.size ?? 0) === 0 && !published.has(keys[file]))
    .map((file) =>
      fault(
        'file_missing',
        s3Uri({ bucket: places.storage, key: keys[file] }),
        { found: 'no such file', expected: 'a file of the published model', advice: 'train again' },
        { do: 'restore_public_file', code: row.code, uuid, file },
      ),
    );
}

/** A row's public predictions, which exist. */
type PublicPredictions = {
  row: ModelRow;
  uuid: string;
  where: string;
  facts: StationFacts;
  /** Null if the model has no scores of its own to rebuild from. */
  rebuild: Repair | null;
};

function verifyPredictions(
  row: ModelRow,
  published: Objects,
  facts: StationFacts,
  places: Places,
): VerificationFinding[] {
  const uuid = row.uuid as string;
  const { predictions: key } = publishedKeys(uuid, row.code);
  const found = facts.predictions.get(uuid);
  if (!found || !published.has(key) || published.get(key)?.size === 0) return [];
  const predictions: PublicPredictions = {
    row,
    uuid,
    where: s3Uri({ bucket: places.storage, key }),
    facts,
    rebuild: hasPredictions(facts, row) ? { do: 'rebuild_predictions', code: row.code, uuid } : null,
  };
  if ('unreadable' in found) return [unreadablePredictions(predictions, found.unreadable)];
  if ('ownUnreadable' in found) return [unreadableOwn(predictions, found, places)];
  const words = differencesOf(found.comparison);
  return words.length > 0
    ? [differentPredictions(predictions, found.comparison, words)]
    : verifyCounts(predictions, found);
}

const unreadablePredictions = (
  { row, where, rebuild }: PublicPredictions,
  unreadable: string,
): VerificationFinding =>
  fault(
    'predictions_unreadable',
    where,
    {
      found: unreadable,
      expected: 'a table that the website can read; otherwise the station’s page fails (Q-P4)',
      advice: 'upload the file again, or train again',
    },
    rebuild ??
      (row.predictions_url === null
        ? null
        : { do: 'unlink', model_id: row.id, column: 'predictions_url', url: row.predictions_url }),
  );

function unreadableOwn(
  { row, uuid, facts }: PublicPredictions,
  { ownUnreadable, ownKey }: { ownUnreadable: string; ownKey: string },
  places: Places,
): VerificationFinding {
  const code = codeOfRow(facts, row);
  const twin = code && twinOf(ownKey, uuid, code, facts.station.id);
  const copies = twin && twin !== ownKey ? [{ from: twin, to: ownKey }] : null;
  return fault(
    'own_files_differ',
    s3Uri({ bucket: places.model, key: ownKey }),
    {
      found: ownUnreadable,
      expected: 'a table of the model’s own scores',
      advice: 'train again with that model_code and "overwrite": true',
    },
    copies && { do: 'restore_own_files', code: row.code, uuid, copies },
  );
}

const differencesOf = ({
  rows,
  missing,
  different,
  outOfOrder,
  withoutScore,
}: PredictionsComparison): string[] => [
  ...(rows === 0 ? ['no rows'] : []),
  ...(missing > 0 ? [`${countOf(missing, 'photo')} that the model has scored missing`] : []),
  ...(different > 0 ? [`${countOf(different, 'photo')} with another score than the model’s`] : []),
  ...(outOfOrder > 0 ? [`${countOf(outOfOrder, 'row')} out of order of time`] : []),
  ...(withoutScore > 0
    ? [`${countOf(withoutScore, 'row')} without a score, which the website takes for 0`]
    : []),
];

/** Null for upstream's models, which have no manifest. */
const manifestOf = ({ facts, row, uuid }: PublicPredictions) =>
  readValue(versionOf(facts, row.code, uuid)?.manifest ?? null);

function differentPredictions(
  predictions: PublicPredictions,
  { rows, missing, different }: PredictionsComparison,
  words: readonly string[],
): VerificationFinding {
  const isUpstreams = manifestOf(predictions) === null;
  if (isUpstreams && rows > 0 && missing === 0 && different === 0)
    return remark('predictions_differ', predictions.where, {
      found: words.join(', '),
      expected: 'rows with scores, ascending by time (Q-P1, Q-P3)',
      advice: 'nothing: score-station corrects it when it next scores photos',
    });
  return fault(
    'predictions_differ',
    predictions.where,
    {
      found: `${countOf(rows, 'row')}: ${words.join(', ')}`,
      expected: 'the model’s own scores of all photos that may be shown, ascending by time',
      advice: 'train again',
    },
    different > 0 && isUpstreams ? null : predictions.rebuild,
  );
}

/** Compares the number of predictions with the manifest and with the model's own scores. */
function verifyCounts(
  predictions: PublicPredictions,
  { comparison: { surplus }, trainingRows }: { comparison: PredictionsComparison; trainingRows: number },
): VerificationFinding[] {
  const { row, uuid, where, facts } = predictions;
  const manifest = manifestOf(predictions);
  if (!manifest) return [];
  if (!facts.hasScored && trainingRows !== manifest.images)
    return [
      fault('count_differs', where, {
        found: `${countOf(trainingRows, 'row')}, and as many scores of the model’s own`,
        expected: `${countOf(manifest.images, 'row')}, as ${versionKeys(modelTypeOf(row.model_type_id), facts.station.id, row.code, uuid).manifest} says`,
        advice: 'train again, or run score-station with that model_code to score the missing photos',
      }),
    ];
  if (surplus === 0) return [];
  return [
    remark('scores_not_recorded', where, {
      found: `${countOf(surplus, 'score')} that the model’s own predictions lack`,
      expected: 'the same photos in both',
      advice: 'nothing: the next scoring adopts these scores',
    }),
  ];
}
