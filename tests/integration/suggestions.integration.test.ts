import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { COMMANDS } from '../../cli/commands.ts';
import { fpeProgram } from '../../cli/program.ts';
import { startExecution } from '../../shared/aws/executions.ts';
import { suggestedCommands } from '../support/suggestions.ts';
import {
  ended,
  GOLDEN_EXPORT,
  importGoldenStation,
  machineArnOf,
  STACK_TIMEOUT_MS,
  startTestStack,
  type TestStack,
} from './test-stack.ts';

/**
 * Every command that the product prints or documents. What is meant for the local stack is executed on one, in the order of this
 * table, after a training has been published; of the others the reason is given, and that the command takes these options is checked.
 */
const CODE = 'RANK-SUGGESTED';
const STATIONS = 'stations.txt';
const AGAIN = 'again.json';
const ON_AWS = 'needs an account of AWS';
const BY_SMOKE = 'tests/integration/smoke executes it';
const BY_STACK = 'it is the stack that this test runs on';

/** Arguments, with which the form is executed; ends: whether the execution that it starts has to be ended. */
type Run = { args: string[]; starts?: boolean; asksFirst?: boolean };
const runs = (...args: string[]): Run => ({ args });
const starts = (...args: string[]): Run => ({ args: [...args, '--detach'], starts: true });
/** Says what it would change, and asks for --yes. */
const asksFirst = (...args: string[]): Run => ({ args, asksFirst: true });

const LOCAL: [form: string, run: Run][] = [
  ['local status', runs('local', 'status')],
  ['local env', runs('local', 'env')],
  ['schema', runs('schema')],
  ['schema --dry-run', runs('schema', '--dry-run')],
  ['import', runs('import', GOLDEN_EXPORT)],
  ['import FOLDER', runs('import', GOLDEN_EXPORT)],
  ['list', runs('list')],
  ['list --station ID', runs('list', '--station', '1')],
  ['show', runs('show')],
  ['show X', runs('show', 'published')],
  ['show NAME', runs('show', 'published')],
  ['watch X', runs('watch', 'published')],
  ['open', runs('open', '--print')],
  ['open X NAME', runs('open', 'input', 'published', '--print')],
  ['input > again.json', runs('input')],
  ['input NAME', runs('input', 'published')],
  ['input try-N > again.json', runs('input', 'published')],
  ['logs --follow', runs('logs', '--follow')],
  ['compare NAME OTHER', runs('compare', 'published', 'published')],
  ['models', runs('models')],
  ['models --station N', runs('models', '--station', '1')],
  ['models --station ID', runs('models', '--station', '1')],
  ['verify', runs('verify', '--station', '1')],
  ['verify --station N', runs('verify', '--station', '1')],
  ['verify --station X', runs('verify', '--station', '1')],
  ['verify --station N --repair', runs('verify', '--station', '1', '--repair')],
  ['verify --station X --repair', runs('verify', '--station', '1', '--repair')],
  ['verify --all', runs('verify', '--all')],
  ['unpublish', asksFirst('unpublish', '--station', '1', '--model-code', CODE)],
  [
    'unpublish --station N --model-code CODE',
    runs('unpublish', '--station', '1', '--model-code', CODE, '--yes'),
  ],
  ['restore --station X --model-code X', asksFirst('restore', '--station', '1', '--model-code', CODE)],
  ['restore --station N --model-code CODE', runs('restore', '--station', '1', '--model-code', CODE, '--yes')],
  ['promote --station X --model-code X', asksFirst('promote', '--station', '1', '--model-code', CODE)],
  ['promote --station N --model-code CODE', runs('promote', '--station', '1', '--model-code', CODE, '--yes')],
  ['refresh --stations stations.txt --dry-run', runs('refresh', '--stations', STATIONS, '--dry-run')],
  ['refresh', starts('refresh', '--pretrained', 'false')],
  ['refresh --pretrained false', starts('refresh', '--pretrained', 'false')],
  [
    'open --station X --model-code X --model-type X',
    runs('open', '--station', '1', '--model-code', CODE, '--print'),
  ],
  ['open table', runs('open', 'table', '--print')],
  ['open table X', runs('open', 'table', '--print')],
  ['stop', runs('stop')],
  ['refresh --stations stations.txt', starts('refresh', '--stations', STATIONS, '--pretrained', 'false')],
  [
    'refresh --stations stations.txt --mode train --min-new-pairs N',
    starts(
      'refresh',
      '--stations',
      STATIONS,
      '--mode',
      'train',
      '--min-new-pairs',
      '0',
      '--pretrained',
      'false',
    ),
  ],
  ['start X', starts('start', '1', '--pretrained', 'false')],
  ['start ID --pretrained false', starts('start', '1', '--pretrained', 'false')],
  ['start N --pretrained false', starts('start', '1', '--pretrained', 'false', '--name', 'try-1')],
  ['stop NAME', runs('stop', 'try-1')],
  ['redrive NAME', starts('redrive', 'try-1')],
  ['redrive', starts('redrive')],
  ['start again.json', starts('start', AGAIN)],
  ['start again.json --machine X', starts('start', AGAIN, '--machine', 'train-station')],
  ['start ID --machine score-station', starts('start', '1', '--machine', 'score-station')],
  ['start N --machine score-station', starts('start', '1', '--machine', 'score-station')],
  ['start events/demo-without-winter.json', starts('start', 'events/demo-without-winter.json')],
  ['completion bash', runs('completion', 'bash')],
  ['completion fish', runs('completion', 'fish')],
];

/** What is not executed here, and why; forms of AWS alone are told by their stage. */
const ELSEWHERE: Record<string, string> = {
  demo: 'npm start, which is what the README begins with',
  local: BY_STACK,
  'local --folder FOLDER': BY_STACK,
  'local --reset': 'tests/local/stack: it empties a stack that has ended',
  'local --database ADDRESS': 'tests/local/own-database',
  'local stop': 'it would end this process',
  'local fire nightly': 'tests/local/stack: a refresh of all stations, as above',
  smoke: BY_SMOKE,
  weights: 'tests/cli/weights: it downloads 47 MB',
  'weights X': 'tests/cli/weights',
  'weights resnet18-f37072fd.pth': 'tests/cli/weights',
  package: 'tests/templates/pipeline',
  deploy: ON_AWS,
  remove: ON_AWS,
  doctor: ON_AWS,
  'redrive X': 'an ARN, as redrive NAME finds it',
  'redrive ARN': ON_AWS,
  'start ID': 'on AWS; on a local stack with --pretrained false',
  'show ARN': ON_AWS,
  'stop ARN': ON_AWS,
  start: 'only a name of the command',
  'refresh events/refresh-stations.json': 'any other parameter, of stations that are not here',
};
const isOnAws = (form: string): boolean => / --stage\b|^environment /.test(form);

let local: TestStack;
let folder: string;
beforeAll(async () => {
  local = await startTestStack();
  const station_id = await importGoldenStation(local);
  folder = mkdtempSync(join(tmpdir(), 'fpe-suggestions-'));
  const input = {
    station_id,
    model_code: CODE,
    max_hour: 17,
    n_epochs: 1,
    unfreeze_after: 1,
    input_size: 40,
    batch_size: 32,
    pretrained: false,
  };
  writeFileSync(join(folder, STATIONS), '1\n');
  writeFileSync(join(folder, AGAIN), JSON.stringify({ ...input, model_code: 'RANK-AGAIN' }));
  const arn = await startExecution(machineArnOf(local.stack, 'train-station'), input, 'published');
  const { status, error, cause } = await ended(arn);
  if (status !== 'SUCCEEDED') throw new Error(`${error}: ${cause}`);
}, STACK_TIMEOUT_MS);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await local.stop();
});

/** Runs a command as a person who has typed it. @returns what it printed, and its complaint */
async function fpe(args: readonly string[]): Promise<{ printed: string; complaint: string | null }> {
  const said: string[] = [];
  const spies = (['log', 'error'] as const).map((name) =>
    jest.spyOn(console, name).mockImplementation((text: unknown) => void said.push(String(text))),
  );
  const place = COMMANDS[args[0] as string]?.uses.includes('folder') ? ['--folder', local.stack.folder] : [];
  const given = [...place, ...args].map((part) =>
    part === STATIONS || part === AGAIN ? join(folder, part) : part,
  );
  try {
    await (await fpeProgram(given)).parseAsync(given, { from: 'user' });
    const exitCode = process.exitCode;
    process.exitCode = undefined;
    return { printed: said.join('\n'), complaint: exitCode ? `exit code ${exitCode}` : null };
  } catch (error) {
    return { printed: said.join('\n'), complaint: (error as Error).message };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const suggested = suggestedCommands();

test('every command that is printed or documented is in this table, and nothing else', () => {
  const known = [...LOCAL.map(([form]) => form), ...Object.keys(ELSEWHERE)];
  const forms = [...suggested.keys()].filter((form) => !isOnAws(form));

  expect(forms.filter((form) => !known.includes(form)).map((form) => [form, suggested.get(form)])).toEqual(
    [],
  );
  expect(known.filter((form) => !suggested.has(form))).toEqual([]);
});

test('every one names a command that there is, with options that it takes', async () => {
  const program = await fpeProgram(Object.keys(COMMANDS));
  const faults = [...suggested].flatMap(([form, files]) => {
    const [name, sub] = form.split(' ');
    const command = program.commands.find((one) => one.name() === name);
    const inner = command?.commands.find((one) => one.name() === sub) ?? command;
    const options = [...(inner?.options ?? []), ...program.options].map(({ long }) => long);
    const unknown = (form.match(/--[a-z-]+/g) ?? []).filter((option) => !options.includes(option));
    return command && unknown.length === 0 ? [] : [{ form, files, unknown }];
  });

  expect(suggested.size).toBeGreaterThan(80);
  expect(faults).toEqual([]);
});

describe('on the local stack', () => {
  test.each(LOCAL)(
    '%s works',
    async (form, { args, starts, asksFirst }) => {
      const { printed, complaint } = await fpe(args);

      if (asksFirst) expect(complaint).toMatch(/To do it, add --yes\.$/);
      else expect({ form, complaint, printed }).toMatchObject({ complaint: null });
      if (starts && !LOCAL[LOCAL.findIndex(([one]) => one === form) + 1]?.[0].startsWith('stop'))
        expect(await fpe(['stop'])).toMatchObject({ complaint: null });
    },
    STACK_TIMEOUT_MS,
  );
});
