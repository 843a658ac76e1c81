import { resolve } from 'node:path';
import { LOCAL_REGION } from '../local/account.ts';
import { answersAt, defaultFolder, findRunningStack, type StackDescription } from '../local/running-stack.ts';
import { stateMachines } from '../shared/aws/executions.ts';
import { isOfStandIn, regionInArn } from '../shared/execution/arns.ts';
import { isOnThisComputer } from '../shared/formats/loopback.ts';
import { configuredRegion, requireProfile } from './aws-profile.ts';
import { UsageError } from './usage-error.ts';

export type Connection = {
  kind: 'local' | 'endpoint' | 'aws';
  description: string;
  /** Of the local stack, if it is not the usual one. */
  folder?: string;
  /** Of AWS. */
  region?: string;
};

/** What a command says about where it is to work. */
export type Wanted = {
  aws?: boolean;
  /** Of the local stack. */
  folder?: string;
  /** --machine; ARNs say account and region. */
  machine?: string;
  /** An execution, if it is given by its ARN. */
  execution?: string;
  /** Of a stage. */
  region?: string;
};

/** What is asked of this computer. */
const QUESTIONS = { findRunningStack, answersAt };

/**
 * Points the SDK at what the command wants: AWS only if it is asked for (--aws, a stage, the ARN of a machine or an execution), another
 * endpoint if the environment names one, otherwise the running local stack; must run before the first call.
 *
 * @throws UsageError if there is none of them, or the local stack that the environment names has ended
 */
export async function connect(wanted: Wanted, questions = QUESTIONS): Promise<Connection> {
  const endpoint = process.env.AWS_ENDPOINT_URL_SFN || process.env.AWS_ENDPOINT_URL;
  requireAddresses();
  const arn = arnIn(wanted);
  const isForAws = asksForAws(wanted);
  if (isForAws && isShellOfStack()) throw new UsageError(WRONG_SHELL);
  const stack = isForAws ? null : await questions.findRunningStack(folderOf(wanted));
  if (stack && (!endpoint || endpoint === stack.endpoints.stepFunctions || isShellOfStack()))
    return connectToStack(stack, wanted);
  if (isShellOfStack()) await requireStackOfShell(wanted, questions);
  if (endpoint) return connectToEndpoint(endpoint, wanted);
  if (isForAws) return connectToAws(wanted.region ?? (arn === null ? undefined : regionInArn(arn)));
  throw new UsageError(wanted.folder || arn !== null ? noStack(wanted) : WHERE);
}

/** @throws UsageError if an endpoint of the environment is none: the SDK would say “Invalid URL”, and not which */
export function requireAddresses(): void {
  for (const [name, value] of Object.entries(process.env))
    if (name.startsWith('AWS_ENDPOINT_URL') && value && !/^https?:\/\/./.test(value))
      throw new UsageError(
        `The endpoint ${value} (${name}) is no address. Expected: one with its scheme, such as http://127.0.0.1:8083`,
      );
}

const WHERE =
  'Where? The local stack is not running, and AWS was not asked for. Start the stack with ./fpe local; or, for AWS, add --aws (the account of your profile) or --stage NAME (that of config/NAME.yml).';

/** @param wanted with the folder of the local stack, if it is not the usual one */
export function noStack(wanted: { folder?: string }): string {
  const folder = folderOf(wanted);
  return folder === defaultFolder()
    ? 'The local stack is not running. Start it with: ./fpe local'
    : `The local stack is not running on ${folder}. Start it with: ./fpe local`;
}

/** The ARN of a machine or an execution that says where to work. */
function arnIn({ machine = process.env.FPE_STATE_MACHINE, execution }: Wanted): string | null {
  return [execution, machine].find((given) => given?.startsWith('arn:')) ?? null;
}

const asksForAws = (wanted: Wanted): boolean => {
  const arn = arnIn(wanted);
  return wanted.aws === true || (arn !== null && !isOfStandIn(arn));
};

const folderOf = ({ folder }: { folder?: string }): string => (folder ? resolve(folder) : defaultFolder());

/** Set up with `fpe local env`; the stack's access keys begin with this word (local/door.ts). */
export const isShellOfStack = (): boolean =>
  /^LOCAL/.test(process.env.AWS_ACCESS_KEY_ID ?? '') && !!process.env.AWS_ENDPOINT_URL_SFN;

const WRONG_SHELL =
  'This shell is set up for the local stack (./fpe local env): its endpoints and credentials would be used for AWS. Use another shell, or unset the variables that ./fpe local env prints.';

/** It may be the stack of another folder. @throws UsageError if it has ended */
async function requireStackOfShell({ folder }: Wanted, { answersAt }: typeof QUESTIONS): Promise<void> {
  const { AWS_ENDPOINT_URL_S3: s3, AWS_ENDPOINT_URL_SFN: stepFunctions } = process.env;
  if (folder) throw new UsageError(noStack({ folder }));
  if (s3 && (await answersAt(s3))) return;
  throw new UsageError(
    `The local stack that this shell is set up for (${stepFunctions}) has ended. Start it again with ./fpe local; to work elsewhere, use another shell.`,
  );
}

/** The settings of a local stack in place of what the environment has: a profile would go before the stack's keys. */
export function useStack({ env }: Pick<StackDescription, 'env'>): void {
  Object.assign(process.env, env);
  delete process.env.AWS_PROFILE;
}

/** A shell that was set up for an earlier start of the stack has outdated addresses and credentials. */
function connectToStack(stack: StackDescription, { folder }: Wanted): Connection {
  useStack(stack);
  return { kind: 'local', description: 'the local stack', ...(folder && { folder: resolve(folder) }) };
}

async function connectToEndpoint(endpoint: string, { region }: Wanted): Promise<Connection> {
  process.env.AWS_REGION = region ?? (await configuredRegion()) ?? LOCAL_REGION;
  return { kind: 'endpoint', description: endpoint };
}

async function connectToAws(given: string | undefined): Promise<Connection> {
  const region = given ?? (await configuredRegion());
  if (region === null)
    throw new UsageError(
      'Which AWS region? Set AWS_REGION, or the region of your profile in ~/.aws/config (aws configure).',
    );
  if (given) await requireProfile();
  process.env.AWS_REGION = region;
  process.env.AWS_DEFAULT_REGION = region;
  return { kind: 'aws', description: `AWS, ${region}`, region };
}

/** Whether what is started there costs money: an endpoint on this computer is a stand-in for AWS. */
export const costsMoney = ({ kind, description }: Connection): boolean =>
  kind === 'aws' || (kind === 'endpoint' && !isOnThisComputer(description));

/**
 * @param given ARN, name or end of the name from the command line; without it FPE_STATE_MACHINE, then the only machine of the kind
 * @param kind suffix of the machine's name, after app and stage (resources/machines.yml)
 * @param start of the names of a stage's machines, if a stage is given
 * @throws UsageError with the machines that there are
 */
export async function findStateMachine(
  given: string | undefined,
  kind: string = 'train-station',
  start: string = '',
): Promise<string> {
  const wanted = given ?? (start === '' ? process.env.FPE_STATE_MACHINE : undefined);
  // Whoever may start a machine of an account need not have the right to list them all.
  if (wanted?.startsWith('arn:') && !isOfStandIn(wanted)) return requireMachineArn(wanted);
  const machines = [...(await stateMachines())].filter(([name]) => name.startsWith(start));
  return chooseMachine(new Map(machines), wanted, kind);
}

/**
 * @param machines ARNs by names
 * @throws UsageError unless exactly one of them is wanted
 */
export function chooseMachine(
  machines: ReadonlyMap<string, string>,
  wanted: string | undefined,
  kind: string,
): string {
  const end = `-${wanted ?? kind}`;
  const found = [...machines].filter(
    ([name, arn]) => name === wanted || arn === wanted || name.endsWith(end),
  );
  if (found.length === 1) return (found[0] as [string, string])[1];
  const names = [...machines.keys()].join(', ') || 'none';
  throw new UsageError(
    found.length === 0
      ? `No state machine ${wanted ? `is named ${wanted} or has a name ending in it` : `has a name ending in ${end}`} here. Found: ${names}. ${wanted && machines.size > 0 ? 'Choose one of them with --machine NAME' : 'Deploy it, or start the local stack with: ./fpe local'}`
      : `Several state machines match: ${found.map(([name]) => name).join(', ')}. Choose one with --stage NAME or --machine NAME.`,
  );
}

function requireMachineArn(arn: string): string {
  if (/^arn:[\w-]+:states:[\w-]+:\d{12}:stateMachine:[\w-]+$/.test(arn)) return arn;
  throw new UsageError(
    `${arn} is not the ARN of a state machine. Expected: arn:aws:states:REGION:ACCOUNT:stateMachine:NAME`,
  );
}
