import { randomUUID } from 'node:crypto';
import { ApiError } from '../json-api.ts';
import { type Execution, Executions, type MachineSettings } from './executions.ts';
import { MAX_DATA_BYTES } from './state-interpreter.ts';
import { readDefinition } from './states-language.ts';

/** StartExecution in the API reference: no space, bracket, wildcard, other special or control character. */
const EXECUTION_NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]{1,80}$/u;

/** Finds state machines and executions by the ARNs that requests name, and starts executions. */
export class Machines {
  readonly createdAt = Date.now();
  readonly #machines = new Map<string, Executions>();

  /** @throws Error naming a feature of the definition that is not supported here */
  add(folder: string, settings: MachineSettings): void {
    readDefinition(settings.definition);
    this.#machines.set(settings.arn, new Executions(folder, settings));
  }

  all(): Executions[] {
    return [...this.#machines.values()];
  }

  find(arn: unknown): Executions {
    const machine = this.#machines.get(requireArn(arn, 'stateMachine'));
    if (machine) return machine;
    throw new ApiError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
  }

  findExecution(arn: unknown): Execution {
    const [, , , , , , machine, name] = requireArn(arn, 'execution').split(':');
    const found = this.all()
      .find(({ settings }) => settings.name === machine)
      ?.find(String(name));
    if (found && found.record.executionArn === arn) return found;
    throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  }

  /** The one running under this name with the same input, or a new one. */
  start({ stateMachineArn, name = randomUUID(), input = '{}' }: Record<string, unknown>): Execution {
    const machine = this.find(stateMachineArn);
    if (typeof name !== 'string' || !EXECUTION_NAME.test(name))
      throw new ApiError('InvalidName', `Invalid Name: '${name}'`);
    requireInput(input);
    const known = machine.find(name);
    if (known && !(known.isRunning && known.record.input === input))
      throw new ApiError(
        'ExecutionAlreadyExists',
        `Execution Already Exists: '${known.record.executionArn}'`,
      );
    return known ?? machine.start(name, input);
  }
}

function requireArn(arn: unknown, kind: 'stateMachine' | 'execution'): string {
  if (typeof arn === 'string' && arn.startsWith('arn:') && arn.split(':')[5] === kind) return arn;
  throw new ApiError('InvalidArn', `Invalid Arn: '${arn}'`);
}

function requireInput(input: unknown): asserts input is string {
  try {
    if (Buffer.byteLength(input as string) > MAX_DATA_BYTES)
      throw new Error(`it has more than ${MAX_DATA_BYTES} bytes`);
    JSON.parse(input as string);
  } catch (error) {
    throw new ApiError(
      'InvalidExecutionInput',
      `Invalid State Machine Execution Input: '${(error as Error).message}'`,
    );
  }
}
