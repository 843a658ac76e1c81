import { setTimeout as sleep } from 'node:timers/promises';
import { logCall, type Middleware, namesOf } from './call-log.ts';
import { Pace } from './pace.ts';
import { Patience } from './patience.ts';
import { decideFault, isPassing, nameFault, type ServiceCall } from './service-faults.ts';
import { isOfClock, noteSigningTime, type WireMiddleware } from './signing-time.ts';

/** Limit for connecting: a packet that is not answered is lost. */
export const CONNECT_MS = 5_000;
/** Limit without a byte in either direction, before or during the answer; the SDK starts counting 3 s after the request. */
export const SILENCE_MS = 12_000;
/**
 * Limit from the request to the head of the answer, for a peer that sends a little now and then; uploading 8 MiB from home may
 * take long.
 */
export const ANSWER_MS = 300_000;

/** How long a function waits for a fault to pass; the machine keeps trying for longer. */
export const PATIENCE_MS = 60_000;
/** For a service that may be unreachable from a VPC without endpoints, so that this is reported soon. */
export const SHORT_PATIENCE_MS = 15_000;
/**
 * Attempts after refusals because of the signature's time: each answer sets the SDK's clock, so a second refusal takes another
 * jump.
 */
export const CLOCK_RETRIES = 5;
/** Simultaneous connections to one service. */
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
 * The only way to create a client of the AWS SDK: it never waits forever, is patient with temporary faults, sends requests no
 * faster than the service answers, and throws the pipeline's errors (service-faults.ts).
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
      throwOnRequestTimeout: true, // otherwise it would only warn
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  // The SDK's types distinguish the inputs of each service; here they are all objects.
  const { middlewareStack } = client as Client;
  middlewareStack.add(logCall, { step: 'initialize', name: 'logCall', priority: 'normal' });
  middlewareStack.add(nameFaults, { step: 'initialize', name: 'nameFaults', priority: 'high' });
  middlewareStack.add(noteSigningTime, { step: 'deserialize', name: 'noteSigningTime', priority: 'low' });
  return client;
}

type Limits = { patienceMs?: number; sockets?: number };

/** Outermost, so that it sees the outcome of all retries. */
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
  CloudWatchLogsClient: ['CloudWatch Logs', 'logs'],
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

/** The SDK's interface for retries, with our decision about what is temporary. */
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

  /** @throws if the fault is not temporary, or its time is up: the SDK then throws the fault itself */
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
