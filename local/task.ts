/** Runs one Task state's work; `resource` is the state's Resource after intrinsics are resolved. */
export type RunTask = (resource: string, parameters: unknown, signal: AbortSignal) => Promise<unknown>;

/** What one Task state has to do. */
export type Task = { resource: string; parameters: unknown; signal: AbortSignal };

/** A failure with the error name that Step Functions matches on and the cause it shows. */
export class TaskFailure extends Error {
  override readonly name = 'TaskFailure';
  readonly error: string;

  constructor(error: string, cause: string) {
    super(`${error}: ${cause}`, { cause });
    this.error = error;
  }
}
