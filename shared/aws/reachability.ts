/**
 * Settings of a client whose service may be out of reach from a VPC without endpoints: three tries of at most 5 s to
 * connect, where the SDK would wait until the function is out of time and could no longer say why.
 */
export const IMPATIENT = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000 },
};

/** Whether a call failed before the service answered. The SDK hides the code of a socket's error in its message. */
export function isUnreachable(error: unknown): boolean {
  const { name, code = '', message = '' } = error as { name?: string; code?: string; message?: string };
  return (
    name === 'TimeoutError' ||
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH/.test(`${code} ${message}`)
  );
}
