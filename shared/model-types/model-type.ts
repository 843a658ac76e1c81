import type { AnnotationFile } from '../dataset/annotation-sessions.ts';

/**
 * A kind of model that can be trained: a row of `model_types`, with what differs from the others before anything runs. What is
 * done with its scores stands with the others' in `shared/report/reports.ts` and `shared/publication/comparisons.ts`.
 */
export type ModelType = {
  /** For `model_types.name`. */
  name: string;
  /** Where its datasets and models lie in the model bucket, with a slash at its end; roles and lifecycle rules name it. */
  prefix: string;
  programs: {
    /** Files of model/: what the training job runs, and what answers with scores. */
    training: string;
    serving: string;
    /** Numbers that the training prints, found again by SageMaker and shown with the job. */
    metrics: readonly string[];
  };
  /** Summaries that lie with the dataset and with the model's input. */
  files: { dataset: string; input: string };
  /**
   * Reads the body of one annotation file.
   *
   * @param where names session and object in errors
   * @throws AnnotationFileInvalid
   */
  parseAnnotations(body: string, where: string): AnnotationFile;
};
