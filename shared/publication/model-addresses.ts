import { isOfStandIn, nameInArn } from '../execution/arns.ts';
import { publishedKeys } from '../execution/keys.ts';
import { type ObjectLocation, regionalUrl, s3Uri } from '../formats/object-location.ts';

/** The columns of a model's row that make the website draw it (contract 9.1). */
export function modelAddresses(
  storageBucket: string,
  modelUuid: string,
  modelCode: string,
  region: string,
): { [Column in keyof ModelAddresses]: NonNullable<ModelAddresses[Column]> } {
  const keys = publishedKeys(modelUuid, modelCode);
  const urlOf = (key: string) => regionalUrl({ bucket: storageBucket, key }, region);
  const inPublic = (Key: string) => ({ Bucket: storageBucket, Key });
  return {
    diagnostics_url: urlOf(keys.report),
    diagnostics_s3: inPublic(keys.report),
    predictions_url: urlOf(keys.predictions),
    predictions_s3: inPublic(keys.predictions),
  };
}

type S3Object = { Bucket: string; Key: string };

/** Where the website finds the files of a model; without these addresses it does not draw the model. */
export type ModelAddresses = {
  diagnostics_url: string | null;
  diagnostics_s3: S3Object | null;
  predictions_url: string | null;
  predictions_s3: S3Object | null;
};

export const NO_ADDRESSES: ModelAddresses = {
  diagnostics_url: null,
  diagnostics_s3: null,
  predictions_url: null,
  predictions_s3: null,
};

/**
 * Where a person finds the report of a model that is not drawn: its address, or for the local stack, whose buckets are on one
 * computer alone, a command.
 *
 * @param executionArn of the training
 */
export const privateReportPlace = (report: ObjectLocation, executionArn: string): string =>
  isOfStandIn(executionArn) ? `./fpe open report ${nameInArn(executionArn)}` : s3Uri(report);
