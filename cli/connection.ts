import { resolve } from 'node:path';
import { findRunningStack } from '../local/running-stack.ts';
import { stateMachines } from '../shared/aws/executions.ts';

export type Connection = {
  kind: 'local' | 'endpoint' | 'aws';
  description: string;
  /** Of the local stack, if it is not the usual one. */
  folder?: string;
};

/** A user's mistake: shown as it is, without a stack trace. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Points the SDK at the running local stack, unless the environment names another endpoint or `--aws` asks for AWS; must run
 * before the first call. A shell that was configured for an earlier start of the stack has outdated credentials.
 */
export async function connect(options: { aws?: boolean; folder?: string }): Promise<Connection> {
  const endpoint = process.env.AWS_ENDPOINT_URL_SFN ?? process.env.AWS_ENDPOINT_URL;
  const folder = options.folder && resolve(options.folder);
  const stack = options.aws ? null : await findRunningStack(folder);
  const isOfStack = endpoint === undefined || endpoint === stack?.endpoints.stepFunctions;
  if (!isOfStack) return { kind: 'endpoint', description: endpoint };
  if (stack) {
    Object.assign(process.env, stack.env);
    return { kind: 'local', description: 'the local stack', ...(folder && { folder }) };
  }
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-west-2';
  process.env.AWS_REGION = region;
  return { kind: 'aws', description: `AWS, ${region}` };
}

/**
 * @param given ARN, name or end of the name from the command line; without it FPE_STATE_MACHINE, then the only machine of the kind
 * @param kind suffix of the machine's name, after app and stage (resources/machines.yml)
 */
export async function findStateMachine(
  given: string | undefined,
  kind: string = 'train-station',
): Promise<string> {
  const wanted = given ?? process.env.FPE_STATE_MACHINE;
  if (wanted?.startsWith('arn:')) return wanted;
  const machines = await stateMachines();
  const end = `-${wanted ?? kind}`;
  const found = [...machines].filter(([name]) => name === wanted || name.endsWith(end));
  if (found.length === 1) return (found[0] as [string, string])[1];
  const names = [...machines.keys()].join(', ') || 'none';
  throw new UsageError(
    found.length === 0
      ? `No state machine ${wanted ? `is named ${wanted} or has a name ending in it` : `has a name ending in ${end}`} here. Found: ${names}. Deploy it, or start the local stack with: ./fpe local`
      : `Several state machines match: ${found.map(([name]) => name).join(', ')}. Choose one with --machine NAME.`,
  );
}
