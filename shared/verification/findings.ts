import { countOf, isOrAre } from '../formats/numbers.ts';
import type { ObjectLocation } from '../formats/object-location.ts';
import type { ModelManifest } from '../publication/model-manifest.ts';

/** The two buckets by their names. */
export type Places = { storage: string; model: string };

/**
 * What a check of a station found. A fault breaks what docs/reliability.md promises; a remark is worth knowing and no fault: it
 * passes by itself, or somebody has wanted it so. Kinds are public, as programs may match on them.
 */
export type VerificationFinding = {
  kind: FindingKind;
  severity: 'fault' | 'remark';
  /** Row or object, for people. */
  where: string;
  found: string;
  expected: string;
  /** What mends it; null where a person has to, as `advice` says. */
  repair: Repair | null;
  advice: string;
};

export type FindingKind =
  | 'several_defaults'
  | 'no_default'
  | 'repeated_code'
  | 'row_without_uuid'
  | 'row_without_file'
  | 'row_without_address'
  | 'address_elsewhere'
  | 'file_missing'
  | 'file_differs'
  | 'predictions_unreadable'
  | 'predictions_differ'
  | 'scores_not_recorded'
  | 'count_differs'
  | 'imageset_predictions'
  | 'people_public'
  | 'withdrawal_pending'
  | 'withdrawal_unreadable'
  | 'claim_stale'
  | 'claim_waits'
  | 'claim_unreadable'
  | 'publication_under_way'
  | 'publication_torn'
  | 'manifest_unreadable'
  | 'fixed_places_of_another'
  | 'fixed_places_differ'
  | 'own_files_differ'
  | 'files_without_row'
  | 'run_folder_left';

/** A file of a model's public folder that is made from the private files of the same model. */
export type RestorableFile = 'report' | 'images' | 'annotations';

/** One way to mend a finding. All of them may run twice, and change nothing that has changed since it was looked at. */
export type Repair =
  | { do: 'keep_one_default'; model_id: number; others: number[] }
  | { do: 'unlink'; model_id: number; column: 'predictions_url' | 'diagnostics_url'; url: string }
  /** `etag` is what lies there now, null for nothing. */
  | { do: 'copy'; from: ObjectLocation; to: ObjectLocation; etag: string | null; run_id: string }
  | { do: 'restore_public_file'; code: string; uuid: string; file: RestorableFile }
  | { do: 'rebuild_predictions'; code: string; uuid: string }
  | { do: 'rebuild_imageset'; code: string; uuid: string; imageset_uuid: string }
  | { do: 'withdraw' }
  | { do: 'finish_claim' | 'delete_claim'; key: string; execution_arn: string }
  | { do: 'take_back'; manifest: ModelManifest }
  | { do: 'restore_fixed_places'; code: string; uuid: string }
  | { do: 'restore_own_files'; code: string; uuid: string; copies: { from: string; to: string }[] }
  | { do: 'delete_public_folder'; uuid: string }
  | { do: 'delete_run_folder'; prefix: string };

/** Repairs in this order: what is torn is put right before its claim goes, and files before what is made from them. */
const ORDER: readonly Repair['do'][] = [
  'take_back',
  'restore_own_files',
  'restore_fixed_places',
  'keep_one_default',
  'withdraw',
  'copy',
  'rebuild_predictions',
  'restore_public_file',
  'rebuild_imageset',
  'unlink',
  'finish_claim',
  'delete_claim',
  'delete_public_folder',
  'delete_run_folder',
];

/** Repairs that remove something visitors of the website see or could see: made only after somebody has confirmed them. */
const CONFIRMED: ReadonlySet<Repair['do']> = new Set(['unlink', 'delete_public_folder']);
export const needsConfirmation = (repair: Repair): boolean => CONFIRMED.has(repair.do);

/** Repairs of findings, each once, in the order in which they are to be done. */
export function repairsOf(findings: readonly VerificationFinding[]): Repair[] {
  const repairs = new Map(
    findings.flatMap(({ repair }) => (repair ? [[JSON.stringify(repair), repair] as const] : [])),
  );
  return [...repairs.values()].sort((one, other) => ORDER.indexOf(one.do) - ORDER.indexOf(other.do));
}

/** What a repair does, in words that go on from “To repair: ” and from “Repaired: ”. */
export function describeRepair(repair: Repair): string {
  switch (repair.do) {
    case 'keep_one_default':
      return `${repair.others.length === 1 ? 'model' : 'models'} ${repair.others.join(', ')} ${isOrAre(repair.others.length)} no longer a default; model ${repair.model_id} stays the default`;
    case 'unlink':
      return `${repair.column} of model ${repair.model_id} is set to null`;
    case 'copy':
      return `${repair.to.key} is copied from ${repair.from.key}`;
    case 'restore_public_file':
      return `the public ${repair.file} of ${repair.code} is made from the model’s own files, without photos that had to go`;
    case 'rebuild_predictions':
      return `the public predictions of ${repair.code} are made from the model’s own, and scores that only the public file has are kept`;
    case 'rebuild_imageset':
      return `the predictions of imageset ${repair.imageset_uuid} are made from those of ${repair.code}`;
    case 'withdraw':
      return 'photos that have to go are taken out of every public file of the station, as the next scoring would';
    case 'finish_claim':
      return `${repair.key} is marked as finished`;
    case 'delete_claim':
      return `${repair.key} is deleted`;
    case 'take_back':
      return `what lay at the fixed places of ${repair.manifest.model_code} before is put back`;
    case 'restore_fixed_places':
      return `the fixed places of ${repair.code} are written from the model’s own folder`;
    case 'restore_own_files':
      return `${countOf(repair.copies.length, 'file')} in the own folder of ${repair.code} ${isOrAre(repair.copies.length)} copied from its fixed places`;
    case 'delete_public_folder':
      return `models/${repair.uuid}/ is deleted; what it was made from stays in the model bucket`;
    case 'delete_run_folder':
      return `${repair.prefix} is deleted`;
  }
}

export const fault = (
  kind: VerificationFinding['kind'],
  where: string,
  words: Pick<VerificationFinding, 'found' | 'expected' | 'advice'>,
  repair: Repair | null = null,
): VerificationFinding => ({ kind, severity: 'fault', where, ...words, repair });

export const remark = (
  kind: VerificationFinding['kind'],
  where: string,
  words: Pick<VerificationFinding, 'found' | 'expected' | 'advice'>,
): VerificationFinding => ({ kind, severity: 'remark', where, ...words, repair: null });
