/**
 * The protocol shared by AWS's JSON services, on the loopback address: POST with the operation in `x-amz-target`, JSON both ways,
 * errors as `__type` and `message`. `door.ts` decides which requests are accepted.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { ServiceUnreachable } from '../shared/errors.ts';
import {
  type Credentials,
  listenLocally,
  newCredentials,
  Refusal,
  type RefusalReason,
  readSignature,
  requireOwnSite,
  requireSignature,
  signHeaders,
} from './door.ts';

/** An error of the service's model: the SDK throws it under this name. */
export class ApiError extends Error {
  override readonly name: string;
  readonly status: number;

  constructor(name: string, message: string, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

export type Operation = (request: Record<string, unknown>) => unknown;

export type JsonApi = {
  endpoint: string;
  /** Credentials of permitted clients. */
  credentials: Credentials;
  stop(): Promise<void>;
};

/** Options of every stand-in for an AWS service. */
export type ApiOptions = {
  /** Any free port by default. */
  port?: number;
  /** Credentials of permitted clients; new ones by default. */
  credentials?: Credentials;
};

/** The errors with which these services refuse requests (API references, "Common Errors"). */
const REFUSALS: Record<RefusalReason, string> = {
  ForeignAddress: 'AccessDeniedException',
  ForeignPage: 'AccessDeniedException',
  NoSignature: 'MissingAuthenticationTokenException',
  IncompleteSignature: 'IncompleteSignatureException',
  UnknownAccessKey: 'UnrecognizedClientException',
  UnsignedHeader: 'InvalidSignatureException',
  WrongSignature: 'InvalidSignatureException',
  WrongPayload: 'InvalidSignatureException',
  Expired: 'InvalidSignatureException',
};

/**
 * @param service.target prefix of the operation's name in `x-amz-target`
 * @param service.version of the protocol: 1.0 for Step Functions, 1.1 for SageMaker
 * @param operations by name; any other is refused by name, with a list of the supported ones
 */
export async function startJsonApi(
  service: { target: string; version: '1.0' | '1.1' },
  operations: Record<string, Operation>,
  { port = 0, credentials = newCredentials() }: ApiOptions = {},
): Promise<JsonApi> {
  const server = createServer(async (request, response) => {
    const { status, body } = await answer(request);
    response.writeHead(status, {
      'content-type': `application/x-amz-json-${service.version}`,
      'x-amzn-requestid': randomUUID(),
    });
    response.end(JSON.stringify(body));
  });

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    try {
      const text = await readSigned(request, credentials);
      return { status: 200, body: (await findOperation(request)(parseRequest(text))) ?? {} };
    } catch (error) {
      const { name, message, status } = asApiError(error);
      return { status, body: { __type: name, message } };
    }
  }

  function findOperation({ method, headers }: IncomingMessage): Operation {
    const target = String(headers['x-amz-target'] ?? `${method} without x-amz-target`);
    const name = target.startsWith(`${service.target}.`) ? target.slice(service.target.length + 1) : target;
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (operation) return operation;
    const known = Object.keys(operations).sort().join(', ');
    throw new ApiError(
      'UnknownOperationException',
      `The local stack does not answer ${name}. It answers: ${known}.`,
    );
  }

  return {
    endpoint: await listenLocally(server, port),
    credentials,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Such requests are carried out immediately. */
export const ASK_TIMEOUT_MS = 30_000;

/**
 * Calls an operation of such a server for which there is no SDK.
 *
 * @throws ApiError with the service's name of the error; ServiceUnreachable if there is no answer
 */
export async function askJsonApi(
  endpoint: string,
  { service, target, body }: { service: string; target: string; body: object },
  credentials: Credentials,
  timeoutMs: number = ASK_TIMEOUT_MS,
): Promise<Record<string, unknown>> {
  const text = JSON.stringify(body);
  const request = { method: 'POST', headers: { 'x-amz-target': target }, body: text, service };
  const headers = await signHeaders(endpoint, request, credentials);
  let response: Response;
  let answer: Record<string, unknown>;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    response = await fetch(endpoint, { method: 'POST', headers, body: text, signal });
    answer = (await response.json()) as Record<string, unknown>;
  } catch (error) {
    throw unanswered(endpoint, error as Error, timeoutMs);
  }
  if (response.ok) return answer;
  throw new ApiError(String(answer.__type), String(answer.message), response.status);
}

function unanswered(endpoint: string, error: Error, timeoutMs: number): ServiceUnreachable {
  const isLate = error.name === 'TimeoutError';
  return new ServiceUnreachable(
    {
      what: 'The local stack does not answer',
      where: endpoint,
      found: isLate ? `no answer within ${timeoutMs / 1000} s` : describe(error),
      expected: 'an answer as JSON',
      fix: 'check with ./fpe local status whether it is running, and start it with ./fpe local',
    },
    { cause: error },
  );
}

function describe({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

/** The body of an accepted request. @throws Refusal, before reading the body if the headers suffice */
async function readSigned(request: IncomingMessage, credentials: Credentials): Promise<string> {
  requireOwnSite(request);
  const signature = readSignature(request, credentials);
  const body = await buffer(request);
  await requireSignature(request, signature, credentials, body);
  return body.toString();
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof Refusal) return new ApiError(REFUSALS[error.reason], error.message, 403);
  return new ApiError('InternalFailure', String(error), 500);
}

function parseRequest(text: string): Record<string, unknown> {
  try {
    const request: unknown = JSON.parse(text || '{}');
    if (typeof request === 'object' && request !== null && !Array.isArray(request))
      return request as Record<string, unknown>;
  } catch {
    // Refused below, like any other body that is not an object.
  }
  throw new ApiError('SerializationException', 'The body of a request must be a JSON object');
}

/** One page of a list, with the token of the next; a token is the position of the page's first entry. */
export function takePage<Entry>(
  entries: readonly Entry[],
  { maxResults, nextToken }: { maxResults?: unknown; nextToken?: unknown },
  { defaultSize, name = 'InvalidToken' }: { defaultSize: number; name?: string },
): { page: Entry[]; nextToken?: string } {
  const first = nextToken === undefined ? 0 : Number(nextToken);
  if (!Number.isInteger(first) || first < 0) throw new ApiError(name, `Invalid Token: '${nextToken}'`);
  const size = Math.min(Number(maxResults) || defaultSize, 1000);
  const page = entries.slice(first, first + size);
  const isLast = first + size >= entries.length;
  return { page, ...(!isLast && { nextToken: String(first + size) }) };
}
