import type { RunClaim } from '../execution/run-claim.ts';
import type { NamedStation } from '../execution/station.ts';
import type { ModelType } from '../model-types/model-type.ts';
import type { Withdrawal } from '../predictions/withdrawal.ts';
import type { ModelManifest } from '../publication/model-manifest.ts';
import type { ModelRow } from '../publication/model-row.ts';
import type { PredictionsComparison } from './compare-predictions.ts';

/**
 * What the database, the buckets and Step Functions tell of a station, as a check of it needs it. A member is null where it could
 * not be looked at, which is told apart from what was looked for and is not there.
 */
export type StationFacts = {
  station: VerifiedStation;
  rows: readonly ModelRow[];
  /** What `models/{uuid}/` holds, by uuid: of every row, and of every model that the station had. */
  published: ReadonlyMap<string, Objects>;
  /** Photos that show people in tables below a public folder, by the key of the table. */
  tablesWithPeople: readonly string[];
  codes: readonly CodeFacts[];
  /** Of the row's public predictions, by uuid. */
  predictions: ReadonlyMap<string, PredictionsFacts>;
  withdrawal: Looked<Withdrawal> | null;
  /** Whether photos ever were withdrawn, or lost their scores: counts of the training are no measure then. */
  hasScored: boolean;
  /** Folders of runs in `passing/`, below the prefix of each type. */
  runFolders: readonly RunFolder[];
};

export type VerifiedStation = NamedStation & { timezone: string };

export type FoundObject = { key: string; size: number; etag: string };
export type Objects = ReadonlyMap<string, FoundObject>;

/** A file that was read, is not there, or cannot be understood. */
export type Looked<Value> = { value: Value } | { unreadable: string } | 'missing';

/** running: also one that waits for its redrive; redrivable: it failed or was stopped; over: it can never go on. */
export type ExecutionState = 'running' | 'succeeded' | 'redrivable' | 'over';

export type ClaimFacts = {
  key: string;
  claim: Looked<RunClaim>;
  /** State of the execution that holds it; null if that could not be read. */
  holder: ExecutionState | null;
};

/** Everything that lies below a model code in the model bucket. */
export type CodeFacts = {
  /** Below whose prefix it lies. */
  type: ModelType;
  code: string;
  claims: readonly ClaimFacts[];
  manifest: Looked<ModelManifest>;
  /** State of the execution that the manifest names, if it has not written all files; null if that could not be read. */
  writer: ExecutionState | null;
  /** The objects at the fixed keys of the code, except the model's answers to single photos. */
  files: Objects;
  versions: readonly VersionFacts[];
  /** Predictions of single imagesets, against those of the model. */
  imagesets: readonly ImagesetFacts[];
};

/** A folder of `versions/`. */
export type VersionFacts = {
  uuid: string;
  manifest: Looked<ModelManifest>;
  files: Objects;
  /** Of the execution that wrote it; asked only where its model has no row. */
  writer: ExecutionState | null;
};

export type ImagesetFacts = {
  uuid: string;
  key: string;
  state: 'missing' | 'same' | 'unreadable' | { different: number };
};

export type PredictionsFacts =
  | { unreadable: string }
  /** The model's own cannot be understood, so there is nothing to compare with. */
  | { ownUnreadable: string; ownKey: string }
  | {
      comparison: PredictionsComparison;
      /** Rows of what the training published, also where scorings have added to it since. */
      trainingRows: number;
    };

export type RunFolder = { prefix: string; code: string; runId: string };
