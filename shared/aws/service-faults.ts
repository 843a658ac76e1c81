import {
  AccessDenied,
  type ErrorParts,
  type PASSING_ERRORS,
  PipelineError,
  RequestRefused,
  ServiceFailed,
  ServiceThrottled,
  ServiceUnreachable,
  ServiceUntrusted,
} from '../errors.ts';
import { shorten } from '../formats/shortened-text.ts';
import { isByHand } from './configuration.ts';

/** Names of the errors that faults of AWS services are turned into. */
export type ServiceFault =
  | Exclude<(typeof PASSING_ERRORS)[number], 'DatabaseUnavailable'>
  | 'ServiceUntrusted'
  | 'AccessDenied'
  | 'RequestRefused';

/**
 * A request to a service: `endpoint` is the service's name within the name of its VPC endpoint, `resource` is what the request
 * names.
 */
export type ServiceCall = { service: string; endpoint: string; operation: string; resource: string };

/** The connection, the name resolution or the answer was lost; a shortage of sockets or ports is temporary, too. */
const LOST =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|EOF|ETIMEDOUT|E(HOST|NET)(UNREACH|DOWN)|ENETRESET|ENONET|ENOTCONN|ESHUTDOWN|EADDRNOTAVAIL|EPROTO|ENOTFOUND|EAI_\w+|EMFILE|ENFILE|ENOBUFS|HPE_\w+|UND_ERR_\w+|ERR_SSL_\w+|ERR_TLS_HANDSHAKE_TIMEOUT|ERR_SOCKET_\w+|ERR_HTTP2_\w+|ERR_STREAM_PREMATURE_CLOSE)$/;
/** Messages without a code, about a connection or body that ends early or differs from what was stored. */
const BROKEN_OFF = /before all data was received|Checksum mismatch|socket hang up|: aborted$/;
/** What the SDK turns an error into that it does not recognize as one, such as an error from another realm. */
const WRAPPED = /^AWS SDK error wrapper for (\w+):(?:.*\b(E[A-Z]{3,})\b)?/;
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNKNOWN_CA/;

const THROTTLED =
  /Throttl|^SlowDown$|^TooManyRequests|^(Request|Bandwidth)LimitExceeded$|^ProvisionedThroughputExceeded|^PriorRequestNotComplete$/;
/** Some of them come with a status that blames the caller. */
const FAILED =
  /^(Internal(Error|Failure|ServiceError|Server|ServerError)|ServiceUnavailable|RequestTimeout)(Exception)?$/;
const DENIED =
  /AccessDenied|AccessDisabled|Unauthori[sz]ed|NotAuthori[sz]ed|^Forbidden$|ExpiredToken|TokenRefreshRequired|InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClient|Signature|AuthFailure|AuthorizationError|MissingAuthenticationToken|OptInRequired/;
/** The SDK's, when it finds no credentials, or none that it can renew. */
const NO_CREDENTIALS = /^(Credentials|Token)?ProviderError$/;

type Thrown = {
  name?: string;
  code?: unknown;
  message?: string;
  cause?: unknown;
  errors?: readonly unknown[];
  $fault?: string;
  $retryable?: object;
  $response?: unknown;
  $metadata?: { httpStatusCode?: number };
};

/**
 * Names a fault of a service; the SDK's retries depend on it, too. Null for anything else: an error that already has its name, an
 * aborted request, a mistake of the caller.
 */
export function decideFault(error: unknown): ServiceFault | null {
  if (typeof error !== 'object' || error === null || error instanceof PipelineError) return null;
  const thrown: Thrown = error;
  const { name, code } = whatItIs(thrown);
  if (name === 'AbortError') return null;
  if (NO_CREDENTIALS.test(name)) return 'AccessDenied';
  if (UNTRUSTED.test(code)) return 'ServiceUntrusted';
  if (isLost(name, code, thrown)) return 'ServiceUnreachable';
  if (isUnreadable(error)) return 'ServiceFailed';
  if (thrown.$fault === undefined && statusOf(thrown) === 0) return decideCause(thrown);
  return decideAnswer(name, thrown);
}

const statusOf = ({ $metadata }: Thrown): number => $metadata?.httpStatusCode ?? 0;

const isLost = (name: string, code: string, { message = '' }: Thrown): boolean =>
  LOST.test(code) || name === 'TimeoutError' || BROKEN_OFF.test(message);

/** Names a fault that a service has answered with. */
function decideAnswer(name: string, thrown: Thrown): ServiceFault {
  const status = statusOf(thrown);
  if (THROTTLED.test(name) || status === 429) return 'ServiceThrottled';
  // An operation that a service does not know will be unknown a minute later, too.
  if (status === 501) return 'RequestRefused';
  if (FAILED.test(name) || status >= 500 || thrown.$fault === 'server' || thrown.$retryable)
    return 'ServiceFailed';
  if (DENIED.test(name) || status === 401 || status === 403) return 'AccessDenied';
  return 'RequestRefused';
}

function whatItIs({ name = '', code, message = '' }: Thrown): { name: string; code: string } {
  const [, wrappedName, wrappedCode] = WRAPPED.exec(message) ?? [];
  return { name: wrappedName ?? name, code: String(code ?? wrappedCode ?? '') };
}

/** Node.js hides a lost connection in a cause, or among the errors of the addresses that it tried. */
function decideCause({ cause, errors = [] }: Thrown): ServiceFault | null {
  for (const hidden of [cause, ...errors]) {
    const fault = hidden === undefined ? null : decideFault(hidden);
    if (fault) return fault;
  }
  return null;
}

/** The SDK's parser quotes an answer that it cannot parse; refusals are parsed, and have `$fault`. */
const isUnreadable = (error: object): boolean =>
  (error as Thrown).name === 'SyntaxError' || ('$response' in error && !('$fault' in error));

/** Of credentials that were good once. */
const EXPIRED = /expired/i;
/** What to do where `credentialsFault` finds something; goes on from “to go on, ”. */
export const LOG_IN =
  'log in (aws sso login, aws configure), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';

/** What is wrong with the credentials themselves, and not with their rights; null for a denial of something they may not do. */
export function credentialsFault({ cause }: AccessDenied): 'missing' | 'expired' | null {
  const { name = '', message = '' } = (cause ?? {}) as Partial<Error>;
  if (EXPIRED.test(name) || EXPIRED.test(message)) return 'expired';
  return NO_CREDENTIALS.test(name) ? 'missing' : null;
}

const PASSING: ReadonlySet<ServiceFault | null> = new Set([
  'ServiceUnreachable',
  'ServiceThrottled',
  'ServiceFailed',
]);

/** Whether a retry can help. */
export const isPassing = (error: unknown): boolean => PASSING.has(decideFault(error));

/**
 * Turns a fault into the pipeline's error, with the fault as its cause; anything that is not a service's fault is returned
 * unchanged.
 */
export function nameFault(error: unknown, call: ServiceCall): unknown {
  const fault = decideFault(error);
  if (!fault) return error;
  const words = WORDS[fault](call);
  const again = isByHand() ? 'try again' : 'redrive the execution';
  const fix = fault === 'ServiceUntrusted' ? words.fix : `${words.fix}; then ${again}`;
  const parts = { where: `${call.operation} ${call.resource}`.trimEnd(), ...words, fix };
  // An answer that was cut short or could not be parsed may hold a secret: neither it nor an error that quotes it is kept.
  if (isUnreadable(error as object)) {
    const Named = fault === 'ServiceUnreachable' ? ServiceUnreachable : ServiceFailed;
    return new Named({ ...parts, found: 'an answer that cannot be read; it is not shown' });
  }
  const found = said(error as Thrown);
  if (fault !== 'RequestRefused') return new CLASSES[fault]({ ...parts, found }, { cause: error });
  const { name: code = '', $metadata } = error as Thrown;
  const status = $metadata?.httpStatusCode ?? 0;
  return new RequestRefused({ ...parts, found }, { cause: error, code, status });
}

const CLASSES = { ServiceUnreachable, ServiceThrottled, ServiceFailed, ServiceUntrusted, AccessDenied };

function said({ name = '', code, message = '', errors = [] }: Thrown): string {
  const named = code !== undefined && !message.includes(String(code)) ? `${name} ${code}` : name;
  const text = message || errors.map((each) => (each as Error).message).join('; ');
  return shorten(`${named}: ${text}`, 500).replace(/\.+$/, '');
}

type Words = Omit<ErrorParts, 'where' | 'found'>;

const WORDS: Record<ServiceFault, (call: ServiceCall) => Words> = {
  ServiceUnreachable: ({ service, endpoint }) => ({
    what: `${service} does not answer`,
    expected: `an answer to its end; from a VPC, an endpoint for ${endpoint} in the VPC, or a NAT gateway for its subnets`,
    fix: 'check whether the network is up and meets the requirements in docs/deploy.md',
  }),
  ServiceThrottled: ({ service }) => ({
    what: `${service} receives more requests than it allows`,
    expected: 'a lower request rate',
    fix: 'wait until fewer executions are running; if it happens often, lower mergeConcurrency or ask AWS for a higher quota',
  }),
  ServiceFailed: ({ service }) => ({
    what: `${service} has failed`,
    expected: 'an answer to a valid request',
    fix: `check ${service} in the AWS Health Dashboard`,
  }),
  ServiceUntrusted: ({ service }) => ({
    what: `${service} does not prove who it is`,
    expected: 'a certificate for that host name by a known authority',
    fix: 'if the network intercepts TLS, set NODE_EXTRA_CA_CERTS to its authority; otherwise check which server answers under that name',
  }),
  AccessDenied: ({ service }) => ({
    what: `${service} does not allow it`,
    expected: 'valid credentials with permission to do it',
    fix: 'log in to AWS again, or make sure that the function’s role allows it (resources/roles)',
  }),
  RequestRefused: ({ service }) => ({
    what: `${service} rejects a request`,
    expected: 'a request that it can do',
    fix: 'correct what the message names (in the input, the stage or the account)',
  }),
};
