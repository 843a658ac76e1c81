/** What a person needs to act on an error; each part is one plain phrase without a closing full stop. */
export type ErrorParts = {
  what: string;
  where: string;
  found: string;
  expected: string;
  fix: string;
};

/**
 * Base of every error that this pipeline raises on purpose.
 *
 * Step Functions matches `Retry` and `Catch` on the error's `name`, so a name, once published, does not change; it is
 * set as a literal because bundlers rename classes.
 */
export abstract class PipelineError extends Error {
  abstract override readonly name: string;

  constructor(parts: ErrorParts, options?: ErrorOptions) {
    super(
      `${parts.what} (${parts.where}). Found: ${parts.found}. Expected: ${parts.expected}. To fix: ${parts.fix}.`,
      options,
    );
  }
}

// What the person who started the execution can fix.
export class InvalidInput extends PipelineError {
  override readonly name = 'InvalidInput';
}
export class StationNotFound extends PipelineError {
  override readonly name = 'StationNotFound';
}
export class VariableNotFound extends PipelineError {
  override readonly name = 'VariableNotFound';
}
export class ModelTypeNotFound extends PipelineError {
  override readonly name = 'ModelTypeNotFound';
}
export class InvalidTimezone extends PipelineError {
  override readonly name = 'InvalidTimezone';
}
/** The station has more photos, pairs or values than the functions have memory and time for. */
export class StationTooLarge extends PipelineError {
  override readonly name = 'StationTooLarge';
}
/** Another execution that is still running holds the claim on this station and model code. */
export class ModelCodeInUse extends PipelineError {
  override readonly name = 'ModelCodeInUse';
}
/** The model code is finished and `overwrite` was not given, or it is that of a model whose place the new one must not take. */
export class ModelCodeExists extends PipelineError {
  override readonly name = 'ModelCodeExists';
}
/** Another execution that is still running holds the claim on this station and dataset code. */
export class DatasetCodeInUse extends PipelineError {
  override readonly name = 'DatasetCodeInUse';
}
/** A dataset of this code exists with other data, and `overwrite` was not given. */
export class DatasetCodeExists extends PipelineError {
  override readonly name = 'DatasetCodeExists';
}
/** More published photos would lose their scores than is allowed without `allow_removals`. */
export class TooManyRemovals extends PipelineError {
  override readonly name = 'TooManyRemovals';
}
/** The station has no published model of that code, or no default one. */
export class NoModel extends PipelineError {
  override readonly name = 'NoModel';
}
/** Several rows of `models` have the station's model code, so that it is not known which model is meant. */
export class ModelAmbiguous extends PipelineError {
  override readonly name = 'ModelAmbiguous';
}
/** The files of a model code are no longer those of the model that was to be scored with. */
export class ModelReplaced extends PipelineError {
  override readonly name = 'ModelReplaced';
}
/** `pretrained` is on and the ImageNet weights are not in the model bucket. */
export class PretrainedWeightsMissing extends PipelineError {
  override readonly name = 'PretrainedWeightsMissing';
}

// What the station's data lacks.
export class NoImages extends PipelineError {
  override readonly name = 'NoImages';
}
export class NoAnnotations extends PipelineError {
  override readonly name = 'NoAnnotations';
}
export class AnnotationFileInvalid extends PipelineError {
  override readonly name = 'AnnotationFileInvalid';
}
export class NotEnoughPairs extends PipelineError {
  override readonly name = 'NotEnoughPairs';
}
export class PhotosMissing extends PipelineError {
  override readonly name = 'PhotosMissing';
}

// What went wrong on the way.
/** USGS did not answer after the retries of one call: worth retrying later. */
export class ObservationsUnavailable extends PipelineError {
  override readonly name = 'ObservationsUnavailable';
}
/** USGS will not answer this request however often it is asked. */
export class ObservationsRefused extends PipelineError {
  override readonly name = 'ObservationsRefused';
}
/** The database cannot be reached, does not answer in time, or has something in the way that passes: worth retrying. */
export class DatabaseUnavailable extends PipelineError {
  override readonly name = 'DatabaseUnavailable';
}
/** The database does not know the user, the password or the database that is asked for. */
export class DatabaseRefused extends PipelineError {
  override readonly name = 'DatabaseRefused';
}
/** The database refuses a query, and will again: a constraint, a right, a table that is not there. */
export class DatabaseFailed extends PipelineError {
  override readonly name = 'DatabaseFailed';
}
/** The database's certificate is not by a known authority, or for another host; or it offers none. */
export class DatabaseUntrusted extends PipelineError {
  override readonly name = 'DatabaseUntrusted';
}
/** A secret has no text, or not the members or the form that is needed. What it holds is never told. */
export class SecretInvalid extends PipelineError {
  override readonly name = 'SecretInvalid';
}
/** A service of AWS gives no answer, or one that breaks off: worth retrying; if it lasts, a network without a way to it. */
export class ServiceUnreachable extends PipelineError {
  override readonly name = 'ServiceUnreachable';
}
/** A service of AWS is asked more often than it allows: worth retrying, more slowly. */
export class ServiceThrottled extends PipelineError {
  override readonly name = 'ServiceThrottled';
}
/** A service of AWS answers that it has failed, or what nobody can read: worth retrying. */
export class ServiceFailed extends PipelineError {
  override readonly name = 'ServiceFailed';
}
/** The certificate of a service is not by a known authority, or for another host. */
export class ServiceUntrusted extends PipelineError {
  override readonly name = 'ServiceUntrusted';
}
/** A service of AWS does not allow it to these credentials, or there are none. */
export class AccessDenied extends PipelineError {
  override readonly name = 'AccessDenied';
}
/** A service of AWS will not do what it is asked, however often it is asked. */
export class RequestRefused extends PipelineError {
  override readonly name = 'RequestRefused';
  /** The service's own name of its answer, such as NoSuchKey. */
  readonly code: string;
  /** Of HTTP. */
  readonly status: number;

  constructor(parts: ErrorParts, options: ErrorOptions & { code: string; status: number }) {
    super(parts, options);
    this.code = options.code;
    this.status = options.status;
  }
}
/** The training job was stopped, or its time was over, before it was complete. */
export class TrainingStopped extends PipelineError {
  override readonly name = 'TrainingStopped';
}
/** The transform job was stopped before every photo had its score. */
export class ScoringStopped extends PipelineError {
  override readonly name = 'ScoringStopped';
}
/** The training job took far longer than the machine waits for one. */
export class TrainingTimedOut extends PipelineError {
  override readonly name = 'TrainingTimedOut';
}
/** The same of the transform job. */
export class ScoringTimedOut extends PipelineError {
  override readonly name = 'ScoringTimedOut';
}
export class PredictionsIncomplete extends PipelineError {
  override readonly name = 'PredictionsIncomplete';
}
/** Another execution took over the model code while this one was stopped or being redriven. */
export class ClaimLost extends PipelineError {
  override readonly name = 'ClaimLost';
}
/** The station's default model is another than the one that this model was compared with: compare again. */
export class DefaultChanged extends PipelineError {
  override readonly name = 'DefaultChanged';
}
/** The execution was stopped, or has ended otherwise, before what it had made was published. */
export class ExecutionEnded extends PipelineError {
  override readonly name = 'ExecutionEnded';
}
/** An object at a place that several executions write to is no longer the one that was read. */
export class ObjectChanged extends PipelineError {
  override readonly name = 'ObjectChanged';
}
export class ObjectNotFound extends PipelineError {
  override readonly name = 'ObjectNotFound';
}
/** A file of the pipeline itself is not what an earlier state should have written. */
export class FileInvalid extends PipelineError {
  override readonly name = 'FileInvalid';
}
/** An archive holds what it may not (paths, links, too much), or its bytes are broken. */
export class ArchiveInvalid extends PipelineError {
  override readonly name = 'ArchiveInvalid';
}
/** A handler was called with something that is not the machine's state. */
export class InvalidState extends PipelineError {
  override readonly name = 'InvalidState';
}
/** A folder given to `fpe import` is not an FPE export, or its rows clash with rows of the database. */
export class ExportFolderInvalid extends PipelineError {
  override readonly name = 'ExportFolderInvalid';
}
/** `fpe schema` finds tables that it must not touch: a part of the schema, or one that FPE's migrations keep. */
export class SchemaConflict extends PipelineError {
  override readonly name = 'SchemaConflict';
}
export class ConfigurationMissing extends PipelineError {
  override readonly name = 'ConfigurationMissing';
}

/** What a redrive cannot help, as it goes on with the same input and the same files: each says to start a new execution. */
export const NOT_FOR_REDRIVE = [
  'InvalidInput',
  'StationNotFound',
  'VariableNotFound',
  'ModelTypeNotFound',
  'InvalidTimezone',
  'StationTooLarge',
  'ModelCodeExists',
  'DatasetCodeExists',
  'TooManyRemovals',
  'NoModel',
  'ModelAmbiguous',
  'ModelReplaced',
  'NoImages',
  'NoAnnotations',
  'AnnotationFileInvalid',
  'NotEnoughPairs',
  'PredictionsIncomplete',
  'FileInvalid',
] as const;

/** Faults of services that pass: every state of the machines waits them out, for ten minutes (statemachines/retriers.yml). */
export const PASSING_ERRORS = [
  'DatabaseUnavailable',
  'ServiceUnreachable',
  'ServiceThrottled',
  'ServiceFailed',
] as const;
