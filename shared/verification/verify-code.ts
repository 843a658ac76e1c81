import { datasetsFolder, modelKeys, publicFolder, versionKeys } from '../execution/keys.ts';
import type { RunClaim } from '../execution/run-claim.ts';
import { countOf } from '../formats/numbers.ts';
import { s3Uri } from '../formats/object-location.ts';
import type { ModelManifest } from '../publication/model-manifest.ts';
import type { ModelRow } from '../publication/model-row.ts';
import type { ClaimFacts, CodeFacts, StationFacts, VersionFacts } from './facts.ts';
import { fault, type Places, type Repair, remark, type VerificationFinding } from './findings.ts';
import {
  differing,
  enumerateFiles,
  hasOwnFiles,
  type OfCode,
  ownFilesOf,
  readValue,
  rowOfCode,
  twinOf,
  versionOf,
} from './own-files.ts';

/** Whether what lies below a model code in the model bucket belongs together, and nobody holds it who has ended. */
export function verifyCode(code: CodeFacts, facts: StationFacts, places: Places): VerificationFinding[] {
  return [
    ...verifyFixedPlaces(code, facts, places),
    ...code.versions.flatMap((version) => verifyVersion(version, code, facts, places)),
    ...code.claims.flatMap((claim) => verifyClaim(claim, code, facts, places)),
    ...verifyImagesets(code, facts, places),
  ];
}

function verifyFixedPlaces(code: CodeFacts, facts: StationFacts, places: Places): VerificationFinding[] {
  const row = rowOfCode(facts, code);
  const ours = row?.uuid ? versionOf(facts, code.code, row.uuid) : null;
  const where = s3Uri({
    bucket: places.model,
    key: modelKeys(code.type, facts.station.id, code.code).manifest,
  });
  const fromRow: Repair | null =
    ours && hasOwnFiles(ours, facts.station.id, code)
      ? { do: 'restore_fixed_places', code: code.code, uuid: ours.uuid }
      : null;
  const { manifest } = code;
  if (typeof manifest === 'object' && 'unreadable' in manifest)
    return [
      fault(
        'manifest_unreadable',
        where,
        {
          found: manifest.unreadable,
          expected: 'the JSON that PublishModel writes',
          advice: 'train again with that model_code and "overwrite": true',
        },
        fromRow,
      ),
    ];
  const value = readValue(manifest);
  if (value && value.files.length === 0) return verifyTorn(value, code, { row, fromRow, where });
  if (!value && !ours) return []; // upstream's, or nothing is finished
  if (row && value?.model_uuid !== row.uuid)
    return [
      fault(
        'fixed_places_of_another',
        where,
        {
          found: value ? `files of ${value.model_uuid}` : 'no manifest',
          expected: `files of ${row.uuid}, which the row names`,
          advice: 'train again with that model_code and "overwrite": true',
        },
        fromRow,
      ),
    ];
  return value ? verifyFixedFiles(value, code, facts, where) : [];
}

function verifyTorn(
  manifest: ModelManifest,
  { writer }: CodeFacts,
  { row, fromRow, where }: { row: ModelRow | null; fromRow: Repair | null; where: string },
): VerificationFinding[] {
  if (writer === null) return [];
  const found = `files are being written by ${manifest.execution_arn}`;
  if (writer === 'running')
    return [
      remark('publication_under_way', where, {
        found,
        expected: 'a list of files',
        advice: 'nothing: check again when it has ended',
      }),
    ];
  return [
    fault(
      'publication_torn',
      where,
      {
        found: `${found}, which has ended`,
        expected: 'files of one model',
        advice: 'redrive that execution, or train again with that model_code and "overwrite": true',
      },
      row?.uuid === manifest.model_uuid ? fromRow : { do: 'take_back', manifest },
    ),
  ];
}

/** Predictions grow with every scoring, and a dataset may have gone to another model since. */
const isFixedForGood = (key: string, stationId: number, { type, code }: OfCode): boolean =>
  key !== modelKeys(type, stationId, code).transform.predictions &&
  !key.startsWith(datasetsFolder(type, stationId));

function verifyFixedFiles(
  manifest: ModelManifest,
  code: CodeFacts,
  facts: StationFacts,
  where: string,
): VerificationFinding[] {
  const { id } = facts.station;
  const checked = manifest.files.filter(({ key }) => isFixedForGood(key, id, code));
  const wrong = differing(checked, code.files);
  const { predictions } = modelKeys(code.type, id, code.code).transform;
  if (!code.files.has(predictions)) wrong.push(`${predictions}: no such file`);
  if (wrong.length === 0) return [];
  const version = code.versions.find(({ uuid }) => uuid === manifest.model_uuid);
  return [
    fault(
      'fixed_places_differ',
      where,
      {
        found: enumerateFiles(wrong),
        expected: `the files of ${manifest.model_uuid}, as the manifest lists them`,
        advice: 'train again with that model_code and "overwrite": true',
      },
      version && hasOwnFiles(version, id, code)
        ? { do: 'restore_fixed_places', code: code.code, uuid: manifest.model_uuid }
        : null,
    ),
  ];
}

function verifyVersion(
  version: VersionFacts,
  code: CodeFacts,
  facts: StationFacts,
  places: Places,
): VerificationFinding[] {
  return [...verifyOwnFiles(version, code, facts, places), ...verifyWithoutRow(version, code, facts, places)];
}

function verifyOwnFiles(
  version: VersionFacts,
  code: CodeFacts,
  facts: StationFacts,
  places: Places,
): VerificationFinding[] {
  const { id } = facts.station;
  const keys = versionKeys(code.type, id, code.code, version.uuid);
  const where = s3Uri({ bucket: places.model, key: keys.manifest });
  if (typeof version.manifest === 'object' && 'unreadable' in version.manifest)
    return [
      fault('manifest_unreadable', where, {
        found: version.manifest.unreadable,
        expected: 'the JSON that PublishModel writes',
        advice: 'train again with that model_code and "overwrite": true',
      }),
    ];
  const files = ownFilesOf(version, id, code);
  const wrong = differing(files, version.files);
  const hasNoPredictions = files.length > 0 && !version.files.has(keys.transform.predictions);
  if (hasNoPredictions) wrong.push(`${keys.transform.predictions}: no such file`);
  if (wrong.length === 0) return [];
  const twins = [
    ...files
      .filter(({ key, etag }) => version.files.get(key)?.etag !== etag)
      .map(({ key }) => ({ from: twinOf(key, version.uuid, code, id), to: key })),
    ...(hasNoPredictions
      ? [
          {
            from: twinOf(keys.transform.predictions, version.uuid, code, id),
            to: keys.transform.predictions,
          },
        ]
      : []),
  ];
  const copies = twins.flatMap(({ from, to }) => (from ? [{ from, to }] : []));
  return [
    fault(
      'own_files_differ',
      where,
      {
        found: enumerateFiles(wrong),
        expected: 'the files that the manifest lists',
        advice: 'train again with that model_code and "overwrite": true',
      },
      copies.length === twins.length
        ? { do: 'restore_own_files', code: code.code, uuid: version.uuid, copies }
        : null,
    ),
  ];
}

/** Public files of a model whose publication did not come about, or whose row somebody has deleted. */
function verifyWithoutRow(
  version: VersionFacts,
  code: CodeFacts,
  facts: StationFacts,
  places: Places,
): VerificationFinding[] {
  const { uuid, writer, files } = version;
  const count = facts.published.get(uuid)?.size ?? 0;
  const hasRow = facts.rows.some((row) => row.uuid === uuid);
  const isEarlier = files.has(versionKeys(code.type, facts.station.id, code.code, uuid).replaced);
  if (count === 0 || hasRow || isEarlier || writer === null || writer === 'running') return [];
  const where = s3Uri({ bucket: places.storage, key: publicFolder(uuid) });
  const words = {
    found: `${countOf(count, 'file')} of ${code.code}, which no row names`,
    expected: 'a row, or no public files',
  };
  if (writer === 'redrivable')
    return [
      remark('files_without_row', where, {
        ...words,
        advice: 'nothing: redrive its execution, or check again when it can no longer be redriven',
      }),
    ];
  return [
    fault(
      'files_without_row',
      where,
      { ...words, advice: `aws s3 rm --recursive ${where}` },
      hasOwnFiles(version, facts.station.id, code) ? { do: 'delete_public_folder', uuid } : null,
    ),
  ];
}

function verifyClaim(
  claim: ClaimFacts,
  code: CodeFacts,
  facts: StationFacts,
  places: Places,
): VerificationFinding[] {
  const { key, holder } = claim;
  const where = s3Uri({ bucket: places.model, key });
  if (typeof claim.claim === 'object' && 'unreadable' in claim.claim)
    return [
      fault('claim_unreadable', where, {
        found: claim.claim.unreadable,
        expected: 'the JSON that PrepareRun writes',
        advice: 'delete that object if no execution of this code is running; until then none can start',
      }),
    ];
  const value = readValue(claim.claim);
  if (!value || value.status === 'finished' || holder === null || holder === 'running') return [];
  const { execution_arn, started_at } = value;
  const found = `${value.status}, held by ${execution_arn}, started at ${started_at}`;
  if (holder === 'redrivable')
    return [
      remark('claim_waits', where, {
        found: `${found}, which has ended and may be redriven`,
        expected: 'a claim that is finished',
        advice: 'nothing: it blocks no other execution, and a redrive needs it',
      }),
    ];
  const isDone = holder === 'succeeded' || isPublished(value, code, facts);
  return [
    fault(
      'claim_stale',
      where,
      {
        found: `${found}, which ${holder === 'succeeded' ? 'has succeeded' : 'has ended for good'}`,
        expected: 'a claim that is finished, or none',
        advice: 'delete that object',
      },
      { do: isDone ? 'finish_claim' : 'delete_claim', key, execution_arn },
    ),
  ];
}

/** A finished code is refused unless it is to be overwritten, so its claim is not to be lost. */
const isPublished = ({ model_uuid }: RunClaim, { manifest }: CodeFacts, { rows }: StationFacts): boolean =>
  rows.some(({ uuid }) => uuid === model_uuid) ||
  (readValue(manifest)?.model_uuid === model_uuid && (readValue(manifest)?.files.length ?? 0) > 0);

function verifyImagesets(
  { type, code, imagesets }: CodeFacts,
  facts: StationFacts,
  places: Places,
): VerificationFinding[] {
  const uuid = rowOfCode(facts, { type, code })?.uuid;
  if (!uuid) return [];
  return imagesets.flatMap(({ uuid: imageset_uuid, key, state }) => {
    if (state === 'same') return [];
    const found =
      state === 'missing'
        ? 'no such file, though photos of the imageset were scored: FPE’s scripts make the public file of these alone'
        : state === 'unreadable'
          ? 'a table that cannot be read'
          : `${countOf(state.different, 'photo')} with another score than the model’s`;
    return fault(
      'imageset_predictions',
      s3Uri({ bucket: places.model, key }),
      { found, expected: `the scores of ${code}`, advice: 'copy them from the predictions of the model' },
      { do: 'rebuild_imageset', code, uuid, imageset_uuid },
    );
  });
}
