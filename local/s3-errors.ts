/** Errors in the form of S3 and SNS; fauxqs has its own, which it does not export. */
import { randomUUID } from 'node:crypto';

/** Sent with its status, as XML (S3 API reference, "Error responses"). */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly code: string;
  readonly statusCode: number;

  constructor(code: string, message: string, statusCode: number) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
  }

  toXml(): string {
    return `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>${this.code}</Code><Message>${escapeXml(this.message)}</Message><RequestId>${randomUUID()}</RequestId></Error>`;
  }
}

export const noSuchBucket = (bucket: string): S3Error =>
  new S3Error('NoSuchBucket', `The specified bucket does not exist: ${bucket}`, 404);
export const noSuchKey = (): S3Error => new S3Error('NoSuchKey', 'The specified key does not exist.', 404);
export const notImplemented = (message: string): S3Error => new S3Error('NotImplemented', message, 501);

/** The body of SNS's answer to a request that it refuses. */
export const snsErrorXml = (code: string, message: string): string =>
  `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
<Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>${randomUUID()}</RequestId>
</ErrorResponse>`;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

const escapeXml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
