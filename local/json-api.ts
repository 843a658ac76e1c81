/**
 * The protocol that AWS's JSON services share, on the loopback address: POST with the operation in `x-amz-target`, JSON
 * both ways, errors as `__type` and `message`. Signatures are not checked.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

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

export type JsonApi = { endpoint: string; stop(): Promise<void> };

/**
 * @param service.target what stands before the operation's name in `x-amz-target`
 * @param service.version of the protocol: 1.0 for Step Functions, 1.1 for SageMaker
 * @param operations by name; any other is refused by name, with those there are
 */
export async function startJsonApi(
  service: { target: string; version: '1.0' | '1.1' },
  operations: Record<string, Operation>,
  port = 0,
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
      const text = (await buffer(request)).toString();
      return { status: 200, body: (await findOperation(request)(parseRequest(text))) ?? {} };
    } catch (error) {
      const { name, message, status } =
        error instanceof ApiError ? error : new ApiError('InternalFailure', String(error), 500);
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

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parseRequest(text: string): Record<string, unknown> {
  try {
    const request: unknown = JSON.parse(text || '{}');
    if (typeof request === 'object' && request !== null && !Array.isArray(request))
      return request as Record<string, unknown>;
  } catch {
    // Refused below, like any other body that is no object.
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
