import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { ApiError } from '../json-api.ts';
import { arnOf } from './arn.ts';
import { parseS3Uri } from './job-data.ts';
import { type CreateModelRequest, createModelRequest, parseRequest } from './job-requests.ts';
import { Records } from './records.ts';

type ModelRecord = CreateModelRequest & { CreationTime: number };

/** The models that transform jobs can use. Their data must be in S3 before a model is created. */
export class Models {
  readonly #records: Records<ModelRecord>;
  readonly #s3: S3Client;

  constructor(folder: string, s3: S3Client, onNotice: (line: string) => void) {
    this.#records = new Records(folder, onNotice);
    this.#records.all();
    this.#s3 = s3;
  }

  async create(input: unknown): Promise<{ ModelArn: string }> {
    const request = parseRequest(createModelRequest, input);
    const arn = arnOf('model', request.ModelName);
    if (this.#records.find(request.ModelName))
      throw new ApiError('ValidationException', `Cannot create already existing model "${arn}".`);
    const { bucket, key } = parseS3Uri(request.PrimaryContainer.ModelDataUrl);
    await this.#s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key })).catch((error) => {
      throw new ApiError(
        'ValidationException',
        `Could not find model data at s3://${bucket}/${key}: ${error.name}`,
      );
    });
    this.#records.write(request.ModelName, { ...request, CreationTime: Date.now() });
    return { ModelArn: arn };
  }

  find(name: unknown): ModelRecord {
    const model = this.#records.find(String(name));
    if (model) return model;
    throw new ApiError('ValidationException', `Could not find model "${arnOf('model', String(name))}".`);
  }

  /** DescribeModel; times in milliseconds. */
  describe(name: unknown): Record<string, unknown> {
    const { Tags: _, ...model } = this.find(name);
    return { ...model, ModelArn: arnOf('model', model.ModelName) };
  }

  delete(name: unknown): object {
    this.#records.remove(this.find(name).ModelName);
    return {};
  }
}
