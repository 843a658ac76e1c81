/**
 * Runs in each process of local/lambda.ts: loads the handler that its arguments name and answers one call after another, in the
 * formats of Lambda's own runtime for Node.js.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Invocation, LambdaAnswer } from './lambda.ts';

type Handler = (event: unknown, context: object) => unknown;

const [folder, handlerName] = process.argv.slice(2) as [string, string];
const loaded = load();

process.on('message', async (invocation: Invocation) => process.send?.(await answer(invocation)));
// The stack is gone.
process.on('disconnect', () => process.exit());

function load(): Handler | LambdaAnswer {
  const [, path, name] = /^(.*)\.(\w+)$/.exec(handlerName) as unknown as [string, string, string];
  // In the order in which Lambda's runtime looks for the module of a handler.
  const file = ['.js', '.mjs', '.cjs'].map((ending) => join(folder, path + ending)).find(existsSync);
  if (!file)
    return failure(
      'Runtime.ImportModuleError',
      `Error: Cannot find module '${path}' in the archive ${folder}`,
    );
  try {
    // biome-ignore lint/plugin: the handler of an archive that is only known when the process starts
    const handler = createRequire(file)(file)[name];
    if (typeof handler === 'function') return handler;
    return failure('Runtime.HandlerNotFound', `${handlerName} is undefined or not exported`);
  } catch (error) {
    return failure('Runtime.ImportModuleError', String(error), error);
  }
}

async function answer({ requestId, event, timeoutMs }: Invocation): Promise<LambdaAnswer> {
  const deadlineMs = performance.now() + timeoutMs;
  if (typeof loaded !== 'function') return loaded;
  const functionName = process.env.AWS_LAMBDA_FUNCTION_NAME;
  const context = {
    functionName,
    functionVersion: '$LATEST',
    awsRequestId: requestId,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - performance.now()),
  };
  try {
    return { result: JSON.stringify((await loaded(JSON.parse(event), context)) ?? null) };
  } catch (error) {
    return error instanceof Error
      ? failure(error.name, error.message, error)
      : failure(typeof error, String(error));
  }
}

function failure(errorType: string, errorMessage: string, error?: unknown): LambdaAnswer {
  const trace = error instanceof Error && error.stack ? error.stack.split('\n') : [];
  const text = JSON.stringify({ errorType, errorMessage, trace });
  console.error(text);
  return { error: text };
}
