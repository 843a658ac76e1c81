import { getSystemErrorMap } from 'node:util';
import * as cloudFormation from '@aws-sdk/client-cloudformation';
import * as cloudWatch from '@aws-sdk/client-cloudwatch';
import * as ec2 from '@aws-sdk/client-ec2';
import * as ecr from '@aws-sdk/client-ecr';
import * as iam from '@aws-sdk/client-iam';
import * as s3 from '@aws-sdk/client-s3';
import * as sageMaker from '@aws-sdk/client-sagemaker';
import * as secretsManager from '@aws-sdk/client-secrets-manager';
import * as serviceQuotas from '@aws-sdk/client-service-quotas';
import * as sfn from '@aws-sdk/client-sfn';
import * as sns from '@aws-sdk/client-sns';
import * as sts from '@aws-sdk/client-sts';
import { describe, expect, test } from '@jest/globals';
import { decideFault, isPassing, nameFault } from '../../../shared/aws/service-faults.ts';
import { ObjectNotFound, PipelineError, RequestRefused, ServiceThrottled } from '../../../shared/errors.ts';

const CLIENTS = {
  cloudFormation,
  cloudWatch,
  ec2,
  ecr,
  iam,
  s3,
  sageMaker,
  secretsManager,
  serviceQuotas,
  sfn,
  sns,
  sts,
};

type Exception = Error & { $fault: string; $metadata: { httpStatusCode?: number } };
type ExceptionClass = new (parts: { message: string; $metadata: object }) => Exception;

/** One of each exception that the client's model names, as it would arrive; not what all of them extend. */
function exceptionsOf(client: object): Exception[] {
  const classes = Object.values(client).filter(
    (each): each is ExceptionClass => typeof each === 'function' && each.prototype instanceof Error,
  );
  return classes
    .filter((each) => Object.getPrototypeOf(each).name !== 'ServiceException')
    .map((Class) => {
      const error = new Class({ message: 'because', $metadata: {} });
      error.$metadata.httpStatusCode = error.$fault === 'server' ? 500 : 400;
      return error;
    });
}

const answer = (name: string, httpStatusCode: number) =>
  Object.assign(new Error('because'), { name, $fault: 'client', $metadata: { httpStatusCode } });
const lost = (code: string) => Object.assign(new Error(`connect ${code}`), { code });

describe('every exception that a client in use knows is decided', () => {
  const decisions = Object.entries(CLIENTS).flatMap(([service, client]) =>
    exceptionsOf(client).map((error) => ({ service, name: error.name, fault: decideFault(error) })),
  );
  const named = (fault: string) =>
    decisions.filter((each) => each.fault === fault).map(({ service, name }) => `${service} ${name}`);

  test.each([
    [
      'ServiceThrottled',
      [
        'serviceQuotas TooManyRequestsException',
        'sfn KmsThrottlingException',
        'sns KMSThrottlingException',
        'sns ThrottledException',
      ],
    ],
    [
      'ServiceFailed',
      [
        'cloudWatch InternalServiceFault',
        'ecr ServerException',
        'iam PolicyEvaluationException',
        'iam ServiceFailureException',
        'secretsManager InternalServiceError',
        'serviceQuotas ServiceException',
        'sns InternalErrorException',
        'sts IDPCommunicationErrorException',
      ],
    ],
    [
      'AccessDenied',
      [
        'cloudWatch KmsAccessDeniedException',
        's3 AccessDenied',
        'serviceQuotas AccessDeniedException',
        'serviceQuotas DependencyAccessDeniedException',
        'sfn KmsAccessDeniedException',
        'sns AuthorizationErrorException',
        'sns KMSAccessDeniedException',
        'sns KMSOptInRequired',
        'sts ExpiredTokenException',
      ],
    ],
  ])('as %s', (fault, expected) => {
    expect(named(fault)).toEqual(expected);
  });

  test('all others as refused; one that the SDK brings anew is to be looked at', () => {
    const refused = decisions.filter(({ fault }) => fault === 'RequestRefused');

    const counts = Object.keys(CLIENTS).map((client) => [
      client,
      refused.filter(({ service }) => service === client).length,
    ]);

    expect(Object.fromEntries(counts)).toEqual({
      cloudFormation: 29,
      cloudWatch: 17,
      ec2: 0,
      ecr: 49,
      iam: 36,
      s3: 20,
      sageMaker: 4,
      secretsManager: 11,
      serviceQuotas: 13,
      sfn: 31,
      sns: 28,
      sts: 10,
    });
    expect(decisions.filter(({ fault }) => fault === null)).toEqual([]);
  });
});

/** Codes of Node.js for a connection, a name or an answer that is lost; all others are the caller's own. */
const PASSING_SYSTEM_ERRORS = [
  'EADDRNOTAVAIL',
  'EAI_ADDRFAMILY',
  'EAI_AGAIN',
  'EAI_BADFLAGS',
  'EAI_BADHINTS',
  'EAI_CANCELED',
  'EAI_FAIL',
  'EAI_FAMILY',
  'EAI_MEMORY',
  'EAI_NODATA',
  'EAI_NONAME',
  'EAI_OVERFLOW',
  'EAI_PROTOCOL',
  'EAI_SERVICE',
  'EAI_SOCKTYPE',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EMFILE',
  'ENETDOWN',
  'ENETUNREACH',
  'ENFILE',
  'ENOBUFS',
  'ENONET',
  'ENOTCONN',
  'EOF',
  'EPIPE',
  'EPROTO',
  'ESHUTDOWN',
  'ETIMEDOUT',
];

describe('an error without an answer', () => {
  test('passes if the system says that a connection or a name is lost, and is no fault of a service otherwise', () => {
    const codes = [...getSystemErrorMap().values()].map(([code]) => code).sort();

    expect(codes.filter((code) => decideFault(lost(code)) === 'ServiceUnreachable')).toEqual(
      PASSING_SYSTEM_ERRORS,
    );
    expect(codes.filter((code) => decideFault(lost(code)) === null)).toHaveLength(
      codes.length - PASSING_SYSTEM_ERRORS.length,
    );
  });

  test.each([
    ['a name that is not found', lost('ENOTFOUND')],
    ['the SDK’s own limit of time', Object.assign(new Error('timed out'), { name: 'TimeoutError' })],
    ['a body that ends early', Object.assign(new Error('aborted'), { code: 'ECONNRESET' })],
    [
      'a body whose connection closed',
      new Error('Connection lost or stream closed before all data was received.'),
    ],
    [
      'a body that is not what was stored',
      new Error('Checksum mismatch: expected "a" but received "b" in response header "x".'),
    ],
    ['a stream that closed', lost('ERR_STREAM_PREMATURE_CLOSE')],
    ['an answer that is not HTTP', lost('HPE_INVALID_CONSTANT')],
    ['a broken handshake', lost('ERR_SSL_WRONG_VERSION_NUMBER')],
    ['a handshake that nobody goes on with', lost('ERR_TLS_HANDSHAKE_TIMEOUT')],
    ['fetch’s own limit of time', lost('UND_ERR_HEADERS_TIMEOUT')],
    ['one that hides in a cause', new TypeError('fetch failed', { cause: lost('ECONNREFUSED') })],
    ['all addresses of a name', new AggregateError([lost('ETIMEDOUT'), lost('EHOSTUNREACH')])],
    [
      'one that the SDK has wrapped',
      new Error('AWS SDK error wrapper for Error: connect ECONNREFUSED 127.0.0.1:1'),
    ],
    [
      'one that the SDK has wrapped by its name',
      new Error('AWS SDK error wrapper for TimeoutError: @smithy'),
    ],
    ['another that the SDK has wrapped', new Error('AWS SDK error wrapper for Error: socket hang up')],
  ])('passes: %s', (_, error) => {
    expect(decideFault(error)).toBe('ServiceUnreachable');
  });

  test.each([
    ['CERT_HAS_EXPIRED'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
    ['ERR_TLS_CERT_ALTNAME_INVALID'],
    ['SELF_SIGNED_CERT_IN_CHAIN'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ])('is a matter of trust with %s', (code) => {
    expect(decideFault(lost(code))).toBe('ServiceUntrusted');
  });

  test.each([
    [
      'a request that was given up',
      Object.assign(new Error('aborted'), { name: 'AbortError', code: 'ECONNRESET' }),
    ],
    ['a mistake of the caller', new TypeError('Cannot read properties of undefined')],
    [
      'an error that has its name',
      new ServiceThrottled({ what: '', where: '', found: '', expected: '', fix: '' }),
    ],
    ['what is no error at all', 'aborted'],
  ])('is none of a service: %s', (_, error) => {
    expect(decideFault(error)).toBe(null);
    expect(nameFault(error, CALL)).toBe(error);
  });

  test('for lack of credentials is not tried again', () => {
    const error = Object.assign(new Error('Could not load credentials'), {
      name: 'CredentialsProviderError',
    });

    expect(decideFault(error)).toBe('AccessDenied');
  });
});

describe('an answer that the model of a service does not name', () => {
  test.each([
    ['SlowDown', 503, 'ServiceThrottled'],
    ['Throttling', 400, 'ServiceThrottled'],
    ['ThrottlingException', 400, 'ServiceThrottled'],
    ['RequestLimitExceeded', 503, 'ServiceThrottled'],
    ['KMS.ThrottlingException', 400, 'ServiceThrottled'],
    ['Unknown', 429, 'ServiceThrottled'],
    ['InternalError', 500, 'ServiceFailed'],
    ['InternalError', 200, 'ServiceFailed'],
    ['InternalFailure', 500, 'ServiceFailed'],
    ['ServiceUnavailable', 503, 'ServiceFailed'],
    ['NotImplemented', 501, 'RequestRefused'],
    ['ServiceUnavailableException', 400, 'ServiceFailed'],
    ['RequestTimeout', 400, 'ServiceFailed'],
    ['Unknown', 502, 'ServiceFailed'],
    ['Unknown', 504, 'ServiceFailed'],
    ['InsufficientStorage', 507, 'ServiceFailed'],
    ['AccessDenied', 403, 'AccessDenied'],
    ['Forbidden', 403, 'AccessDenied'],
    ['ExpiredToken', 400, 'AccessDenied'],
    ['InvalidAccessKeyId', 403, 'AccessDenied'],
    ['InvalidClientTokenId', 403, 'AccessDenied'],
    ['RequestTimeTooSkewed', 403, 'AccessDenied'],
    ['SignatureDoesNotMatch', 403, 'AccessDenied'],
    ['UnauthorizedOperation', 403, 'AccessDenied'],
    ['UnrecognizedClientException', 400, 'AccessDenied'],
    ['PreconditionFailed', 412, 'RequestRefused'],
    ['ConditionalRequestConflict', 409, 'RequestRefused'],
    ['InvalidRange', 416, 'RequestRefused'],
    ['PermanentRedirect', 301, 'RequestRefused'],
    ['ValidationException', 400, 'RequestRefused'],
  ])('%s, HTTP %i, is %s', (name, status, fault) => {
    expect(decideFault(answer(name, status))).toBe(fault);
  });
});

const CALL = { service: 'S3', endpoint: 's3', operation: 'GetObject', resource: 's3://photos/a.jpg' };

describe('the error that a fault becomes', () => {
  test('tells service, operation and object, and keeps the fault as its cause', () => {
    const fault = lost('ECONNRESET');

    const error = nameFault(fault, CALL) as PipelineError;

    expect(error).toBeInstanceOf(PipelineError);
    expect(error).toMatchObject({ name: 'ServiceUnreachable', cause: fault });
    expect(error.message).toContain('S3 does not answer (GetObject s3://photos/a.jpg)');
    expect(error.message).toContain('Found: Error: connect ECONNRESET.');
  });

  test('tells the code and the status of a refusal, by which callers decide', () => {
    const error = nameFault(answer('PreconditionFailed', 412), CALL);

    expect(error).toBeInstanceOf(RequestRefused);
    expect(error).toMatchObject({ code: 'PreconditionFailed', status: 412 });
  });

  test('passes in the words of the machines exactly when it is worth asking again', () => {
    const faults = [
      lost('EPIPE'),
      answer('SlowDown', 503),
      answer('InternalError', 500),
      answer('NoSuchKey', 404),
    ];

    expect(faults.map(isPassing)).toEqual([true, true, true, false]);
    expect(isPassing(new ObjectNotFound({ what: '', where: '', found: '', expected: '', fix: '' }))).toBe(
      false,
    );
  });

  test('keeps nothing of an answer that was not understood, as it may hold a secret', () => {
    const fault = Object.assign(new SyntaxError('Unexpected token in {"password":"hunter2"'), {
      $response: {},
    });

    const error = nameFault(fault, CALL) as Error;

    expect(error).toMatchObject({ name: 'ServiceFailed' });
    expect(error.cause).toBe(undefined);
    expect(error.message).not.toContain('hunter2');
  });
});

test('who runs a command is not told to redrive, as a function’s errors are', () => {
  const thrown = Object.assign(new Error('gone'), {
    name: 'ExecutionDoesNotExist',
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  });
  const told = () =>
    String(
      nameFault(thrown, {
        service: 'Step Functions',
        endpoint: 'states',
        operation: 'DescribeExecution',
        resource: 'nope',
      }),
    );

  expect(told()).toMatch(/To fix: .*; then try again\.$/);

  process.env.AWS_LAMBDA_FUNCTION_NAME = 'fpe-prod-rank-plan-refresh';
  expect(told()).toMatch(/To fix: .*; then redrive the execution\.$/);
  delete process.env.AWS_LAMBDA_FUNCTION_NAME;
});
