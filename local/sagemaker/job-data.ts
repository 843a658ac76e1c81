/** What SageMaker itself copies between S3 and a container: channels, models, artifacts, checkpoints. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import pMap from 'p-map';
import * as z from 'zod';
import { makeFolder } from '../../host/folder.ts';
import type { ObjectLocation } from '../../shared/formats/object-location.ts';
import { s3Uri } from '../../shared/formats/object-location.ts';
import { listFiles, pathInside } from '../archive.ts';
import type { S3DataSource } from './job-requests.ts';

const PARALLEL_REQUESTS = 16;
const PART_BYTES = 8 * 2 ** 20;
/** A checkpoint younger than this may still be in the middle of being written. */
const SETTLED_MS = 1000;

/** Ends a job as Failed; the message is its FailureReason. */
export class JobFailure extends Error {
  override readonly name = 'JobFailure';
}

/** One object of a data source, and its place below the channel or the output. */
export type SourceObject = { location: ObjectLocation; path: string };

const manifest = z.tuple([z.strictObject({ prefix: z.string() })], z.string());

/** @param uri s3://bucket/key, where the key may be empty */
export function parseS3Uri(uri: string): ObjectLocation {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(uri) ?? [];
  return { bucket, key };
}

/** @throws JobFailure with a job's FailureReason, naming the object */
export async function readObject(
  s3: S3Client,
  location: ObjectLocation,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: location.bucket, Key: location.key }), {
      ...(signal && { abortSignal: signal }),
    });
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  } catch (error) {
    signal?.throwIfAborted();
    throw new JobFailure(
      `ClientError: Data download failed: ${(error as Error).name} at ${s3Uri(location)}`,
      {
        cause: error,
      },
    );
  }
}

/** Writes in parts when large: the embedded S3 refuses bodies over 11 MiB. */
export async function uploadObject(
  s3: S3Client,
  location: ObjectLocation,
  body: Uint8Array | Readable,
): Promise<void> {
  const params = { Bucket: location.bucket, Key: location.key, Body: body };
  await new Upload({ client: s3, partSize: PART_BYTES, queueSize: 2, params }).done();
}

/** @throws JobFailure for an invalid manifest, and for a prefix without objects */
export async function listSource(s3: S3Client, source: S3DataSource): Promise<SourceObject[]> {
  const location = parseS3Uri(source.S3Uri);
  if (source.S3DataType === 'S3Prefix') return listPrefix(s3, location);
  const text = new TextDecoder().decode(await readObject(s3, location));
  try {
    const [{ prefix }, ...paths] = manifest.parse(JSON.parse(text));
    const { bucket, key } = parseS3Uri(prefix);
    return paths.map((path) => ({ location: { bucket, key: `${key}${path}` }, path }));
  } catch (error) {
    // The message of JSON.parse would quote the file.
    const fault = error instanceof z.ZodError ? z.prettifyError(error) : 'it is no JSON';
    throw new JobFailure(
      `ClientError: The manifest ${source.S3Uri} must be [{"prefix": "s3://…"}, "key", …]: ${fault}`,
    );
  }
}

async function listPrefix(s3: S3Client, { bucket, key: prefix }: ObjectLocation): Promise<SourceObject[]> {
  const found: SourceObject[] = [];
  // For a folder, the paths below it; for a single object, or a common prefix of several names, their last part.
  const folder = prefix.endsWith('/') || prefix === '' ? prefix : `${prefix}/`;
  const parent = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix }))
    for (const { Key = '' } of page.Contents ?? [])
      if (!Key.endsWith('/'))
        found.push({
          location: { bucket, key: Key },
          path: Key.slice(Key.startsWith(folder) ? folder.length : parent.length),
        });
  if (found.length > 0) return found;
  throw new JobFailure(
    `ClientError: Data download failed: No S3 objects found under S3 URL "s3://${bucket}/${prefix}"`,
  );
}

/** Copies a data source into a folder. @throws JobFailure naming the object that is missing */
export async function downloadSource(
  s3: S3Client,
  source: S3DataSource,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const objects = await listSource(s3, source);
  makeFolder(folder);
  await pMap(objects, ({ location, path }) => downloadFile(s3, location, pathInside(folder, path), signal), {
    concurrency: PARALLEL_REQUESTS,
    signal,
  });
}

async function downloadFile(
  s3: S3Client,
  location: ObjectLocation,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const bytes = await readObject(s3, location, signal);
  makeFolder(dirname(file));
  await writeFile(file, bytes);
}

/** Synchronizes a folder of checkpoints with a prefix of S3: copied in before the training, out while it runs. */
export class CheckpointSync {
  readonly #s3: S3Client;
  readonly #folder: string;
  readonly #target: ObjectLocation;
  /** The files in S3: size and time of each when it was copied. */
  readonly #copied = new Map<string, string>();

  constructor(s3: S3Client, folder: string, uri: string) {
    this.#s3 = s3;
    this.#folder = folder;
    this.#target = parseS3Uri(uri.endsWith('/') ? uri : `${uri}/`);
  }

  async download(signal: AbortSignal): Promise<void> {
    makeFolder(this.#folder);
    const found = await listPrefix(this.#s3, this.#target).catch((error) => {
      if (error instanceof JobFailure) return []; // a first run has none
      throw error;
    });
    for (const { location, path } of found) {
      await downloadFile(this.#s3, location, pathInside(this.#folder, path), signal);
      this.#copied.set(path, (await this.#version(path)).text);
    }
  }

  /** Copies what is new, and removes from S3 what is gone. */
  async upload(options: { isFinal: boolean }): Promise<void> {
    const files = await listFiles(this.#folder);
    for (const path of files) {
      const version = await this.#version(path).catch(() => null); // gone since it was listed
      if (!version || version.text === this.#copied.get(path)) continue;
      if (!options.isFinal && Date.now() - version.mtimeMs < SETTLED_MS) continue;
      await uploadObject(this.#s3, this.#location(path), await readFile(join(this.#folder, path)));
      this.#copied.set(path, version.text);
    }
    for (const path of this.#copied.keys()) {
      if (files.includes(path)) continue;
      const { bucket, key } = this.#location(path);
      await this.#s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      this.#copied.delete(path);
    }
  }

  #location(path: string): ObjectLocation {
    return { bucket: this.#target.bucket, key: `${this.#target.key}${path}` };
  }

  async #version(path: string): Promise<{ text: string; mtimeMs: number }> {
    const { size, mtimeMs } = await stat(join(this.#folder, path));
    return { text: `${size} ${mtimeMs}`, mtimeMs };
  }
}

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
