/**
 * One call of a function in a process of its own, measured: loads the handler of an unpacked archive as Lambda does, and tells
 * its parent what it answered and what that took.
 */
import { subscribe } from 'node:diagnostics_channel';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a call took. */
export type Measure = {
  seconds: number;
  /** Of all processors: what is left of the time on a computer that does nothing else, where S3 and the database do not wait. */
  cpuSeconds: number;
  /** Most memory that the process had resident. */
  megabytes: number;
  /** Requests to S3, repeated ones included. */
  s3Requests: number;
  /** What it left in its temporary directory. */
  tmpBytes: number;
  /** Of the result as JSON. */
  resultBytes: number;
};
export type Answer = Measure & { result: unknown; error: { name: string; message: string } | null };

const [folder, handlerName] = process.argv.slice(2) as [string, string];
const s3 = new URL(process.env.AWS_ENDPOINT_URL_S3 as string).host;
let s3Requests = 0;
subscribe('http.client.request.start', (message) => {
  if ((message as { request: ClientRequest }).request.getHeader('host') === s3) s3Requests += 1;
});

// Whoever measures is gone.
process.once('disconnect', () => process.exit());
process.once('message', async (event: unknown) => {
  const [, path, name] = /^(.*)\.(\w+)$/.exec(handlerName) as unknown as [string, string, string];
  const beganAtMs = performance.now();
  let result: unknown = null;
  let error: Answer['error'] = null;
  try {
    const endings = ['.js', '.mjs', '.cjs'];
    const file = endings.map((ending) => join(folder, `${path}${ending}`)).find(existsSync) ?? path;
    const handler = createRequire(file)(file)[name];
    const context = { getRemainingTimeInMillis: () => 900_000 };
    result = (await handler(event, context)) ?? null;
  } catch (fault) {
    const { name: named, message } = fault as Error;
    error = { name: named, message };
  }
  const seconds = (performance.now() - beganAtMs) / 1000;
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  const megabytes = Math.round(mostKilobytes() / 1024);
  const resultBytes = Buffer.byteLength(JSON.stringify(result));
  const tmpBytes = bytesBelow(tmpdir());
  const answer: Answer = { seconds, cpuSeconds, megabytes, s3Requests, tmpBytes, resultBytes, result, error };
  process.send?.(answer, () => process.exit());
});

function bytesBelow(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** Linux counts into maxRSS what the parent had resident when it started this process; VmHWM is of the process alone. */
function mostKilobytes(): number {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  return kilobytes ? Number(kilobytes) : process.resourceUsage().maxRSS;
}
