import { setTimeout as sleep } from 'node:timers/promises';
import { logCall, type Middleware, namesOf } from './call-log.ts';
import { Pace } from './pace.ts';
import { Patience } from './patience.ts';
import { decideFault, isPassing, nameFault, type ServiceCall } from './service-faults.ts';
import { isOfClock, noteSigningTime, type WireMiddleware } from './signing-time.ts';

/** Until a connection is there: a packet that nobody answers is lost. */
export const CONNECT_MS = 5_000;
/** Without a byte in either direction, before the answer or in the middle of it; the SDK begins to count 3 s after the request. */
export const SILENCE_MS = 12_000;
/** From the request to the head of the answer, for a peer that says a little now and then; 8 MiB may take a home's line long. */
export const ANSWER_MS = 300_000;

/** Time that a fault may take to pass before a function gives up; the machine goes on for longer. */
export const PATIENCE_MS = 60_000;
/** For a service that may be out of reach from a VPC without endpoints, so that it is soon said. */
export const SHORT_PATIENCE_MS = 15_000;
/** Attempts after refusals for the time of the signature: each answer sets the SDK's clock, so more than one takes another jump. */
export const CLOCK_RETRIES = 5;
/** To one service at once. */
const SOCKETS = 50;

type Options = {
  region?: string;
  endpoint?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
  forcePathStyle?: boolean;
};
type Settings = Options & { retryStrategy: RetryStrategy; requestHandler: object };
type Client = {
  middlewareStack: {
    add(
      middleware: Middleware,
      options: { step: 'initialize'; name: string; priority: 'high' | 'normal' },
    ): void;
    add(middleware: WireMiddleware, options: { step: 'deserialize'; name: string; priority: 'low' }): void;
  };
};

/**
 * The one way to a client of the AWS SDK: it waits for nothing without end, is patient with faults that pass, asks no faster
 * than the service answers, and throws errors of our vocabulary (service-faults.ts).
 */
export function serviceClient<Made>(
  Service: new (settings: Settings) => Made,
  { patienceMs = PATIENCE_MS, sockets = SOCKETS, ...options }: Options & Limits = {},
): Made {
  const agent = { keepAlive: true, maxSockets: sockets };
  const client = new Service({
    ...options,
    retryStrategy: new RetryStrategy(patienceMs),
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true, // it would only warn
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  // The SDK's types tell the inputs of each service apart; here they are all objects.
  const { middlewareStack } = client as Client;
  middlewareStack.add(logCall, { step: 'initialize', name: 'logCall', priority: 'normal' });
  middlewareStack.add(nameFaults, { step: 'initialize', name: 'nameFaults', priority: 'high' });
  middlewareStack.add(noteSigningTime, { step: 'deserialize', name: 'noteSigningTime', priority: 'low' });
  return client;
}

type Limits = { patienceMs?: number; sockets?: number };

/** Outermost, so that it sees what all the retries have come to. */
const nameFaults: Middleware = (next, context) => async (args) => {
  try {
    return await next(args);
  } catch (error) {
    throw nameFault(error, describeCall(context, args.input));
  }
};

/** Client of the SDK → the service's name, and that of its VPC endpoint. */
const SERVICES: Record<string, [service: string, endpoint: string]> = {
  CloudFormationClient: ['CloudFormation', 'cloudformation'],
  CloudWatchClient: ['CloudWatch', 'monitoring'],
  EC2Client: ['EC2', 'ec2'],
  ECRClient: ['ECR', 'ecr.api'],
  IAMClient: ['IAM', 'iam'],
  S3Client: ['S3', 's3'],
  SageMakerClient: ['SageMaker', 'sagemaker.api'],
  SecretsManagerClient: ['Secrets Manager', 'secretsmanager'],
  ServiceQuotasClient: ['Service Quotas', 'servicequotas'],
  SFNClient: ['Step Functions', 'states'],
  SNSClient: ['SNS', 'sns'],
  STSClient: ['STS', 'sts'],
};

function describeCall(
  { clientName = 'AWS', commandName = '' }: { clientName?: string; commandName?: string },
  input: object,
): ServiceCall {
  const [service, endpoint] = SERVICES[clientName] ?? [clientName, clientName];
  const { Bucket, Key, Prefix, CopySource, SecretId, ...others } = namesOf(input);
  const resource = [
    Bucket && `s3://${Bucket}/${Key ?? Prefix ?? ''}`,
    CopySource && `from s3://${CopySource}`,
    SecretId && `secret ${SecretId}`,
    ...Object.values(others),
  ];
  return {
    service,
    endpoint,
    operation: commandName.replace(/Command$/, ''),
    resource: resource.filter(Boolean).join(' '),
  };
}

type Token = {
  getRetryCount(): number;
  getRetryDelay(): number;
  patience: Patience;
  clockRetries: number;
};

/** Retries as the SDK asks for them, by our decision of what passes. */
class RetryStrategy {
  readonly #patienceMs: number;
  readonly #pace = new Pace();

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  async acquireInitialRetryToken(): Promise<Token> {
    const waitMs = this.#pace.turnMs(performance.now());
    if (waitMs > 0) await sleep(waitMs);
    return token(new Patience(this.#patienceMs), { retries: 0, clockRetries: 0, delayMs: 0 });
  }

  /** @throws when the fault does not pass, or has had its time: the SDK then throws the fault itself */
  async refreshRetryTokenForRetry(
    { patience, getRetryCount, clockRetries }: Token,
    { error, retryAfterHint }: { error?: unknown; retryAfterHint?: Date },
  ): Promise<Token> {
    if (decideFault(error) === 'ServiceThrottled') this.#pace.refused(performance.now());
    const askedMs = retryAfterHint ? retryAfterHint.getTime() - Date.now() : 0;
    const isRefusedForTime = isOfClock(error);
    const isWorthwhile = isRefusedForTime ? clockRetries < CLOCK_RETRIES : isPassing(error);
    const pauseMs = isWorthwhile ? patience.nextPause(error, askedMs) : null;
    if (pauseMs === null) throw new Error('This fault is not retried any more');
    const waitMs = this.#pace.turnMs(performance.now());
    patience.allow(waitMs);
    return token(patience, {
      retries: getRetryCount() + 1,
      clockRetries: clockRetries + Number(isRefusedForTime),
      delayMs: pauseMs + waitMs,
    });
  }

  recordSuccess(): void {
    this.#pace.answered(performance.now());
  }
}

const token = (
  patience: Patience,
  counted: { retries: number; clockRetries: number; delayMs: number },
): Token => ({
  patience,
  clockRetries: counted.clockRetries,
  getRetryCount: () => counted.retries,
  getRetryDelay: () => counted.delayMs,
});
