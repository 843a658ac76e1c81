import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Execution, Executions, type MachineSettings } from '../../local/step-functions/executions.ts';

jest.setTimeout(60_000);

const KILLS = 10;
const MACHINE = JSON.stringify({
  StartAt: 'Work',
  States: {
    Work: { Type: 'Task', Resource: 'arn:aws:lambda:us-west-2:000000000000:function:work', End: true },
  },
});

let folder: string;
let notices: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-executions-'));
  notices = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A start of the machine on the folder. */
const load = (): Executions => {
  const settings: MachineSettings = {
    name: 'machine',
    arn: 'arn:aws:states:us-west-2:000000000000:stateMachine:machine',
    roleArn: 'arn:aws:iam::000000000000:role/machine',
    definition: MACHINE,
    runTask: async () => ({ done: true }),
    waitFactor: 1,
    onNotice: (line) => notices.push(line),
  };
  return new Executions(folder, settings);
};

async function run(executions: Executions, name: string): Promise<Execution> {
  const execution = executions.start(name, '{}');
  await execution.whenEnded;
  return execution;
}

const typesOf = ({ history }: Execution) => history.events.map(({ type }) => type);
const fileOf = (name: string, file: string) => join(folder, 'machine', name, file);
const COMPLETE = [
  'ExecutionStarted',
  'TaskStateEntered',
  'LambdaFunctionScheduled',
  'LambdaFunctionStarted',
  'LambdaFunctionSucceeded',
  'TaskStateExited',
  'ExecutionSucceeded',
];

describe('after a start,', () => {
  test('a history that ends in half a line is cut to its whole ones, said so, and goes on from there', async () => {
    await run(load(), 'one');
    appendFileSync(fileOf('one', 'history.jsonl'), '{"id":8,"previousEventId":7,"ty');

    const execution = load().find('one') as Execution;
    const id = execution.history.append('ExecutionRedriven', null, execution.history.lastId);
    const again = load().find('one') as Execution;

    expect(typesOf(again)).toEqual([...COMPLETE, 'ExecutionRedriven']);
    expect(id).toBe(8);
    expect(notices).toEqual([
      `Step Functions: removed what is no whole line from ${fileOf('one', 'history.jsonl')}`,
    ]);
  });

  test('events keep ids of their own where a line in the middle is damaged', async () => {
    await run(load(), 'one');
    const lines = readFileSync(fileOf('one', 'history.jsonl'), 'utf8').split('\n');
    writeFileSync(fileOf('one', 'history.jsonl'), lines.with(2, '\0\0\0').join('\n'));

    const { history } = load().find('one') as Execution;
    const id = history.append('ExecutionRedriven', null, history.lastId);

    expect(id).toBe(8);
    expect(new Set(history.events.map((event) => event.id)).size).toBe(history.events.length);
  });

  test.each([
    ['execution.json', ''],
    ['execution.json', '{"executionArn": "arn:'],
    ['execution.json', 'null'],
    ['definition.json', '{"StartAt": '],
    ['definition.json', '[]'],
  ])('an execution whose %s is %j is moved aside, said so, and the others stay', async (file, text) => {
    const before = load();
    await run(before, 'damaged one');
    await run(before, 'whole');
    writeFileSync(fileOf('damaged%20one', file), text);

    const after = load();

    expect(after.all().map(({ record }) => record.name)).toEqual(['whole']);
    const moved = join(folder, 'damaged', 'machine', 'damaged%20one');
    expect(notices).toEqual([
      `Step Functions: execution damaged%20one of machine is not whole; moved to ${moved}`,
    ]);
    expect(existsSync(moved)).toBe(true);
  });

  test('an execution that ran when the process ended is aborted, and it is said how to go on', async () => {
    await run(load(), 'one');
    const record = JSON.parse(readFileSync(fileOf('one', 'execution.json'), 'utf8'));
    writeFileSync(fileOf('one', 'execution.json'), JSON.stringify({ ...record, status: 'RUNNING' }));

    const { record: found } = load().find('one') as Execution;
    load();

    expect(found.status).toBe('ABORTED');
    expect(notices).toEqual([
      `Step Functions: the stack ended while execution one of machine ran. To go on: ./fpe redrive ${found.executionArn}`,
    ]);
  });

  test('what an execution left that had not begun is removed, and its name is free', async () => {
    load();
    mkdirSync(join(folder, 'machine', 'one'));
    writeFileSync(fileOf('one', 'history.jsonl'), '{"id":1,"type":"ExecutionStarted"}\n');

    const execution = await run(load(), 'one');

    expect(typesOf(execution)).toEqual(COMPLETE);
    expect(notices).toEqual(['Step Functions: removed execution one of machine, which had not begun']);
  });
});

test('executions are whole after each of many kills in the middle of running them', async () => {
  for (let round = 0; round < KILLS; round += 1) {
    const program = join(import.meta.dirname, 'execution-runner.ts');
    const runner = spawn(process.execPath, [program, folder, `round-${round}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface({ input: runner.stdout }), 'line');
    await sleep(Math.random() * 30);
    const ended = once(runner, 'exit');
    runner.kill('SIGKILL');
    await ended;

    const executions = load().all();
    const unfinished = executions.filter(({ record }) => !['SUCCEEDED', 'ABORTED'].includes(record.status));
    const torn = executions.filter(({ history }) => history.events.some(({ id }, index) => id !== index + 1));
    expect({ unfinished, torn }).toEqual({ unfinished: [], torn: [] });
  }
  expect(notices.filter((line) => line.includes('not whole'))).toEqual([]);
  expect(load().all().length).toBeGreaterThan(KILLS);
});

if (process.getuid?.() === 0 && canMount())
  describe('on a full disk', () => {
    beforeEach(() => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]);
    });
    afterEach(() => {
      execFileSync('umount', [folder]);
    });

    test('an execution goes on, the folder is named once, and what was missing is written when there is room', async () => {
      const executions = load();
      const execution = executions.start('one', '{}');
      const rest = join(folder, 'rest');
      try {
        for (;;) appendFileSync(rest, Buffer.alloc(1000));
      } catch {
        // Now it is full.
      }
      await execution.whenEnded;
      const { status } = execution.record;
      rmSync(rest);
      execution.redrive();
      await execution.whenEnded;

      expect(status).toBe('SUCCEEDED');
      expect(typesOf(load().find('one') as Execution)).toEqual(typesOf(execution));
      expect(notices.join('\n')).toContain(join(folder, 'machine', 'one'));
      expect(notices.join('\n')).toContain('ENOSPC');
      expect(notices.length).toBeLessThanOrEqual(2);
    });
  });

/** Root in a container often may not. */
function canMount(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'fpe-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', place], { stdio: 'ignore' });
    execFileSync('umount', [place], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
