/**
 * Which requests the local S3 and SNS accept (`door.ts`), and the answers to all others in the terms of those services.
 *
 * As with FPE's own storage bucket, only reads of single objects of the public bucket may be unsigned, because reports show
 * photos that way; so may the check that the server is running. Signed chunks (`STREAMING-AWS4-HMAC-SHA256-PAYLOAD`) are refused
 * by name: the SDKs of JavaScript and Python, and the AWS CLI, send whole bodies or unsigned chunks.
 */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { buildApp } from 'fauxqs';
import {
  type Credentials,
  dateAnswers,
  Refusal,
  type RefusalReason,
  type RequestSignature,
  readSignature,
  requireOwnSite,
  requirePayload,
  requireSignature,
} from './door.ts';
import { notImplemented, S3Error, snsErrorXml } from './s3-errors.ts';

type App = ReturnType<typeof buildApp>;
type Request = Parameters<Parameters<App['setErrorHandler']>[0]>[1];

/** Code and status (S3 API reference, "Error responses"). */
const S3_REFUSALS: Record<RefusalReason, [code: string, status: number]> = {
  ForeignAddress: ['AccessDenied', 403],
  ForeignPage: ['AccessDenied', 403],
  NoSignature: ['AccessDenied', 403],
  IncompleteSignature: ['AuthorizationHeaderMalformed', 400],
  UnknownAccessKey: ['InvalidAccessKeyId', 403],
  UnsignedHeader: ['AccessDenied', 403],
  WrongSignature: ['SignatureDoesNotMatch', 403],
  WrongPayload: ['XAmzContentSHA256Mismatch', 400],
  Expired: ['RequestTimeTooSkewed', 403],
};
/** SNS API reference, "Common Errors". */
const SNS_REFUSALS: Record<RefusalReason, string> = {
  ForeignAddress: 'AuthorizationError',
  ForeignPage: 'AuthorizationError',
  NoSignature: 'MissingAuthenticationToken',
  IncompleteSignature: 'IncompleteSignature',
  UnknownAccessKey: 'InvalidClientTokenId',
  UnsignedHeader: 'SignatureDoesNotMatch',
  WrongSignature: 'SignatureDoesNotMatch',
  WrongPayload: 'SignatureDoesNotMatch',
  Expired: 'SignatureDoesNotMatch',
};
const PAYLOADS = /^([0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-UNSIGNED-PAYLOAD-TRAILER)$/;

/** @param options.publicBucket whose objects everyone on this computer may read, one by one */
export function guardS3(app: App, options: { credentials: Credentials; publicBucket?: string }): void {
  const { credentials, publicBucket } = options;
  const signatures = new WeakMap<Request, RequestSignature>();
  dateAnswers(app.server);

  const isPublic = ({ method, params, raw }: Request): boolean => {
    const { bucket, '*': key } = params as { bucket?: string; '*'?: string };
    if (!['GET', 'HEAD'].includes(method) || raw.headers.authorization || raw.url?.includes('?'))
      return false;
    return raw.url === '/health' || (bucket !== undefined && bucket === publicBucket && Boolean(key));
  };

  app.addHook('onRequest', async (request) => {
    const isShown = isPublic(request);
    requireOwnSite(request.raw, { isShown });
    if (isShown) return;
    const signature = readSignature(request.raw, credentials);
    signatures.set(request, signature);
    if (isOfSns(request)) return;
    const payload =
      request.headers['x-amz-content-sha256'] ?? (signature.expiresInSeconds && 'UNSIGNED-PAYLOAD');
    if (!PAYLOADS.test(String(payload)))
      throw notImplemented(`A payload of the kind ${payload} is not taken here`);
    await requireSignature(request.raw, signature, credentials);
  });

  // SNS signs the body without sending its checksum, and afterward only the parsed body is left.
  app.addHook('preParsing', async (request, _reply, payload) => {
    const signature = signatures.get(request);
    if (!signature || !isOfSns(request)) return payload;
    const body = await buffer(payload);
    await requireSignature(request.raw, signature, credentials, body);
    return Readable.from([body]);
  });

  app.addHook('preHandler', (request, _reply, next) => {
    if (isOfSns(request) || isPublic(request)) return next();
    if (/^multipart\/form-data\b/i.test(request.headers['content-type'] ?? ''))
      throw notImplemented('Forms (POST Object) are not part of the local stack');
    const { body } = request;
    if (body !== undefined && body !== null && !Buffer.isBuffer(body))
      throw notImplemented(`A body of ${request.headers['content-type']} is not taken here`);
    requirePayload(request.raw, body ?? Buffer.alloc(0));
    next();
  });

  app.setErrorHandler((error, request, reply) => {
    if (error instanceof Refusal && isOfSns(request))
      return reply
        .status(403)
        .header('content-type', 'text/xml')
        .send(snsErrorXml(SNS_REFUSALS[error.reason], error.message));
    const refused = error instanceof Refusal ? new S3Error(...s3Refusal(error)) : error;
    if (!(refused instanceof S3Error)) return reply.send(error);
    reply.status(refused.statusCode);
    return request.method === 'HEAD'
      ? reply.send()
      : reply.header('content-type', 'application/xml').send(refused.toXml());
  });
}

/** SNS uses the root path, where S3 only lists buckets. */
export const isOfSns = ({ method, raw }: Request): boolean => method === 'POST' && raw.url === '/';

function s3Refusal({ reason, message }: Refusal): [code: string, message: string, status: number] {
  const [code, status] = S3_REFUSALS[reason];
  return [code, message, status];
}
