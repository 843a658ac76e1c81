import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { legibleText } from '../../../shared/formats/legible-text.ts';
import {
  failureNotification,
  scoringNotification,
  statusChange,
  trainingNotification,
} from '../../../shared/notifications/execution-notifications.ts';
import { EXECUTION_ADVICE, JOB_ADVICE } from '../../../shared/notifications/failure-advice.ts';
import { ADVISED, FAILURE_KINDS } from '../../../shared/notifications/failure-kinds.ts';
import type { Notification } from '../../../shared/notifications/notification.ts';
import { promotionTo } from '../../fixtures/promotion.ts';
import { budget } from '../../fuzz/budget.ts';
import { hostileText } from '../../fuzz/texts.ts';

/** As people and programs write it, and longer than anybody expects. */
const anyText = fc.oneof(
  hostileText,
  fc.string({ unit: fc.constantFrom('\\', '"', '{', '}', "'", '\n', '\r\n', '😀', '<', 'é', 'a', ' ') }),
  hostileText.map((text) => text.padEnd(1000, text || 'x')),
);

const MACHINE = 'arn:aws:states:us-west-2:123456789012:stateMachine:fpe-prod-train-station';
const EXECUTION = `${MACHINE.replace('stateMachine', 'execution')}:first`;
const LOCAL_EXECUTION = EXECUTION.replace(/:\d{12}:/, ':000000000000:');
/** Whole command lines in a text. */
const commandsIn = (text: string) =>
  Array.from(text.matchAll(/\.\/fpe [^`\n(]*[^`\n( ]/g), ([command]) => command);
const changed = (detail: Record<string, unknown> = {}) =>
  statusChange.parse({
    time: '2026-11-26T22:45:37Z',
    region: 'us-west-2',
    detail: {
      executionArn: EXECUTION,
      stateMachineArn: MACHINE,
      name: 'first',
      status: 'FAILED',
      input: '{"station_id":29}',
      error: 'StationNotFound',
      cause: JSON.stringify({ errorType: 'StationNotFound', errorMessage: 'no "row" with id 29', trace: [] }),
      ...detail,
    },
  });

/** What SNS takes, and what an e-mail shows. */
function requireFit({ subject, message }: Notification): void {
  expect(subject).toMatch(/^(?=[\p{L}\p{N}\p{P}])[\x20-\x7e]{1,99}$/u);
  expect(Buffer.byteLength(message)).toBeLessThan(256 * 1024);
  expect(message).toBe(legibleText(message));
}

const pageOf = (name: string) => readFileSync(join(import.meta.dirname, '../../../docs', name), 'utf8');

/** The tables of docs/errors.md that say what to do after a failure, without their links. */
const ROWS_OF_ERRORS = pageOf('errors.md')
  .split(/^## /m)
  .flatMap((section) =>
    Array.from(section.matchAll(/^\| (`.*) \|$/gm), ([, cells = '']) =>
      cells.replaceAll('\\|', '¦').split(' | '),
    )
      .filter((cells) => cells.length > 4 || section.startsWith('What a job says'))
      .flatMap(([names = '', , fix = '', ...rest]) =>
        Array.from(names.matchAll(/`([^`]+)`/g), ([, name = '']) => ({
          name,
          isOfJob: section.startsWith('What a job says'),
          fix: plain(fix).split('<br>'),
          kind: rest.at(-2),
          end: rest.at(-1),
        })),
      ),
  );
function plain(cell: string): string {
  return cell
    .replaceAll(/\*\*(\w+)\*\*/g, '$1')
    .replaceAll('[README](../README.md)', 'README')
    .replaceAll(/\[([\w-]+\.md)\]\(\1\)/g, 'docs/$1')
    .replaceAll('¦', '|');
}

/** What docs/operations.md says of single errors. */
const ROWS_OF_OPERATIONS = Array.from(
  pageOf('operations.md').matchAll(/^\| … with (`.*?) \| .*? \| (.*) \|$/gm),
  ([, names = '', todo = '']) => Array.from(names.matchAll(/`(\w+)`/g), ([, name = '']) => ({ name, todo })),
).flat();

/** What the last line of a message says to do. */
function endOf(lines: readonly string[]): string {
  const last = lines.at(-1) ?? '';
  if (last.startsWith('Do not redrive')) return 'leave it';
  return last.includes('./fpe redrive') ? 'redrive' : 'new execution';
}

describe('what is told of a failure', () => {
  test('says which execution, what went wrong in plain words, and how to go on', () => {
    expect(failureNotification(changed())).toEqual({
      subject: 'FPE: station 29, FAILED (StationNotFound), fpe-prod-train-station',
      message: [
        'The execution first of fpe-prod-train-station ended as FAILED at 2026-11-26T22:45:37Z.',
        'Input: {"station_id":29}',
        'Error: StationNotFound',
        'Cause: no "row" with id 29',
        '',
        'Kind: The execution cannot do what it was started with.',
        'For the hydrologist, who trains models and knows the station: correct `station_id`; the number is the last part of the address of the station’s page.',
        '',
        'Nothing it had not yet published has changed on the website.',
        `States, input and output: https://us-west-2.console.aws.amazon.com/states/home?region=us-west-2#/v2/executions/details/${EXECUTION}`,
        'Once the input is corrected, start a new execution. A redrive would use the same input and files.',
      ].join('\n'),
    });
  });

  test.each([
    ['ModelCodeExists', false],
    ['NotEnoughPairs', false],
    ['TrainingStopped', true],
    ['DatabaseUnavailable', true],
    ['Lambda.Unknown', true],
    ['NeverHeardOf', true],
  ])('advises a redrive only where one can help: %s %s', (error, isForRedrive) => {
    const { message } = failureNotification(changed({ error }));

    expect(message.includes('./fpe redrive')).toBe(isForRedrive);
    expect(/, start a new execution\. A redrive would/.test(message)).toBe(!isForRedrive);
  });

  test('does not offer to redrive what another execution has taken over', () => {
    const { message } = failureNotification(changed({ error: 'ClaimLost' }));

    expect(message).toContain('Nobody has to mend it: leave this execution as it is');
    expect(message).not.toContain('./fpe redrive');
    expect(message).toMatch(/\nDo not redrive it\..*$/);
  });

  test.each(ROWS_OF_ERRORS)('advises on $name what docs/errors.md says, and ends as it says', (row) => {
    const detail = row.isOfJob
      ? { error: 'States.TaskFailed', cause: `{"FailureReason":"AlgorithmError: ${row.name}: what"}` }
      : { error: row.name };
    const lines = failureNotification(changed(detail)).message.split('\n');
    const addressed = row.fix.map((line) =>
      line
        .replace(/^\w+/, (who) => ADVISED[who as keyof typeof ADVISED].address)
        .replace('./fpe input NAME', `./fpe input ${EXECUTION}`)
        .replace('--station STATION', '--station 29')
        .replace('--stage STAGE', '--stage prod'),
    );

    expect(lines).toContain(`Kind: ${FAILURE_KINDS[row.kind as keyof typeof FAILURE_KINDS].what}`);
    expect(lines).toEqual(expect.arrayContaining(addressed));
    expect(endOf(lines)).toBe(row.end);
  });

  test.each([...EXECUTION_ADVICE, ...JOB_ADVICE])(
    'has commands that work where $names.0 is told',
    ({ names: [name] }) => {
      const cause = `{"FailureReason":"${name}: what"}`;
      for (const error of [name, 'States.TaskFailed']) {
        const onAws = failureNotification(changed({ error, cause })).message;
        const isAddressed = (command: string) =>
          command.includes(EXECUTION) || command.endsWith(' --stage prod');

        expect(commandsIn(onAws).filter((command) => !isAddressed(command))).toEqual([]);
        expect(commandsIn(onAws).filter((command) => /[A-Z]{4}/.test(command))).toEqual([]);
        const local = failureNotification(
          changed({ error, cause, executionArn: LOCAL_EXECUTION, name: 'try-1' }),
        ).message;
        expect(commandsIn(local).filter((command) => /[A-Z]{4}|--stage|arn:/.test(command))).toEqual([]);
      }
    },
  );

  test.each([
    [
      'FileInvalid',
      'delete that object, then redrive',
      /^Once that is done, continue from where it failed: \.\/fpe redrive /,
    ],
    [
      'ClaimLost',
      'look for another writer of that folder, then redrive the execution',
      /^Once that is done, continue /,
    ],
    ['AccessDenied', 'grant it, then start a new execution', /^Once that is done, start a new execution\./],
  ])('ends as the cause of a %s says: %s', (error, fix, last) => {
    const errorMessage = `It went wrong. Where: here. Found: a. Expected: b. To fix: ${fix}`;

    const { message } = failureNotification(changed({ error, cause: JSON.stringify({ errorMessage }) }));

    expect(message.split('\n').at(-1)).toMatch(last);
    expect(message).toContain('What to do stands in the cause above, at its end.');
    expect(message).not.toContain('For the ');
    expect(message).not.toContain('Nobody');
  });

  test('gives its own advice where the cause says the same end, or none', () => {
    for (const fix of ['correct it, then start a new execution', 'correct it']) {
      const errorMessage = `It went wrong. To fix: ${fix}`;

      const { message } = failureNotification(changed({ cause: JSON.stringify({ errorMessage }) }));

      expect(message).toContain('For the hydrologist');
      expect(message).toContain('Once the input is corrected, start a new execution.');
    }
  });

  test('leaves the place of the station open where the input, which was long, is not told', () => {
    const { message } = failureNotification(changed({ error: 'NoModel', input: null }));

    expect(message).toContain('`./fpe models --station STATION --stage prod`');
  });

  test.each([...EXECUTION_ADVICE, ...JOB_ADVICE])(
    'says that nobody has to mend $names.0 only if the execution is to be left alone, or goes on',
    ({ names, kind, fix }) => {
      const isNobodys = fix.some((line) => line.startsWith('Nobody'));

      expect(!isNobodys || FAILURE_KINDS[kind].again === 'leave' || names.includes('DefaultChanged')).toBe(
        true,
      );
    },
  );

  test('knows every row of docs/errors.md', () => {
    const advised = [...EXECUTION_ADVICE, ...JOB_ADVICE].flatMap(({ names }) => names);

    expect(ROWS_OF_ERRORS.map(({ name }) => name)).toEqual(advised);
  });

  test.each(ROWS_OF_OPERATIONS)(
    'does not contradict what docs/operations.md says of $name',
    ({ name, todo }) => {
      const end = endOf(failureNotification(changed({ error: name })).message.split('\n'));

      expect(todo).toMatch(/redrive|start/);
      if (/do not redrive/.test(todo)) expect(end).toBe('leave it');
      else expect(end).toBe(/redrive/.test(todo) ? 'redrive' : 'new execution');
    },
  );

  test('names the error of a job, and what a person does about that one', () => {
    const cause = '{"FailureReason":"AlgorithmError: TrainingDiverged: The training diverged, exit code: 1"}';

    const { subject, message } = failureNotification(changed({ error: 'States.TaskFailed', cause }));

    expect(subject).toBe(
      'FPE: station 29, FAILED (States.TaskFailed: TrainingDiverged), fpe-prod-train-station',
    );
    expect(message).toContain('Error: States.TaskFailed: TrainingDiverged\n');
    expect(message).toContain(': lower `learning_rate`, and start a new execution.\n');
  });

  test('takes no other word at the beginning of a job’s reason for an error', () => {
    const cause = '{"FailureReason":"InternalServerError: We encountered an internal error"}';

    const { message } = failureNotification(changed({ error: 'States.TaskFailed', cause }));

    expect(message).toContain('Error: States.TaskFailed\n');
    expect(message).toContain(FAILURE_KINDS.unknown.what);
  });

  test('says of a stop without a reason that it can go on', () => {
    const { message } = failureNotification(changed({ status: 'ABORTED', error: null, cause: null }));

    expect(message).toContain(FAILURE_KINDS.interrupted.what);
    expect(message).toMatch(/If it should go on, continue from where it failed: \.\/fpe redrive /);
  });

  test.each(['Error', 'StationNotFound', 'NeverHeardOf'])(
    'goes by the status of a stop, whatever word (%s) the one who stopped it gave',
    (error) => {
      const { subject, message } = failureNotification(
        changed({ status: 'ABORTED', error, cause: 'enough' }),
      );

      expect(subject).toBe(`FPE: station 29, ABORTED (${error}), fpe-prod-train-station`);
      expect(message).toContain(FAILURE_KINDS.interrupted.what);
      expect(message).toContain('redrive if it should be published after all.');
    },
  );

  test('has no word for an error in its subject if none was given', () => {
    const { subject } = failureNotification(changed({ status: 'ABORTED', error: null, cause: null }));

    expect(subject).toBe('FPE: station 29, ABORTED, fpe-prod-train-station');
  });

  test.each([
    ['a stop without a reason', { status: 'ABORTED', error: null, cause: null }, 'Cause: not told'],
    ['an event without its input, which was long', { input: null }, 'Input: not told'],
    [
      'a job',
      { cause: '{"FailureReason":"AlgorithmError: no space left"}' },
      'Cause: AlgorithmError: no space',
    ],
    ['a cause that is no JSON', { cause: 'a "text"\nof two lines' }, 'Cause: a "text"\n  of two lines'],
  ])('is told of %s', (_, detail, line) => {
    expect(failureNotification(changed(detail)).message).toContain(line);
  });

  test('has its own lines alone, and is one that SNS takes, whatever error, cause and input are', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (error, cause, input) => {
        const told = failureNotification(changed({ error, cause, input }));

        requireFit(told);
        const lines = told.message.split('\n').filter((line) => !line.startsWith('  '));
        expect(
          lines.map(
            (line) => /^(The execution|\w+:|For the \w+|Nothing|States|Once you have read|$)/.exec(line)?.[1],
          ),
        ).toEqual([
          ...['The execution', 'Input:', 'Error:', 'Cause:', ''],
          ...['Kind:', 'For the operator', 'For the developer', ''],
          ...['Nothing', 'States', 'Once you have read'],
        ]);
      }),
      budget(),
    );
  });

  test('is the message of a function, letter for letter, though it holds quotes, backslashes and braces', () => {
    const errorMessage = 'Station 1 ("A\\B {}"): no row';

    const { message } = failureNotification(changed({ cause: JSON.stringify({ errorMessage }) }));

    expect(message).toContain(`Cause: ${errorMessage}\n`);
  });
});

test('a failure on a local stack is told without the console, with commands that work there', () => {
  const { message } = failureNotification(
    changed({ executionArn: LOCAL_EXECUTION, name: 'try-1', error: 'StepFailed' }),
  );

  expect(message).not.toContain('amazon.com');
  expect(message).toContain('States, input and output: ./fpe show try-1\n');
  expect(message).toMatch(/, continue from where it failed: \.\/fpe redrive try-1$/);
});

describe('what is told of a success', () => {
  const training = (name: string, reason: string, note: string, remarks = '') =>
    trainingNotification(
      { station: { id: 29, name } as never, model_code: 'RANK-FLOW-20260401' },
      {
        predictions: { scored: 2, images: 3 },
        report: { note, remarks },
        promotion: { ...promotionTo(true), reason },
      },
      'It is published.',
    );
  const scoring = (name: string, model_code: string, remarks = '') =>
    scoringNotification(
      { station: { id: 29, name } as never, model_code, predictions_url: 'https://x/predictions.csv' },
      { removed: 1 },
      { scored: 1998, unreadable: 2, images: 101_997, remarks },
    );

  test('names the station letter for letter, though its name holds quotes, backslashes and braces', () => {
    const name = 'Mill "Brook" \\ {} \\{ \' é';

    for (const { message } of [training(name, '', ''), scoring(name, 'M')])
      expect(message).toContain(`Station 29 (${name})`);
  });

  test('says of a station that a program made up that it is one, however long its name is', () => {
    const station = { id: 1, name: 'Mill Brook'.repeat(20), timezone: 'UTC', synthetic: true };
    const promotion = promotionTo(true);
    const [trained, scored] = [
      trainingNotification(
        { station: station as never, model_code: 'NEW' },
        { predictions: { scored: 2, images: 3 }, report: { note: 'A note.', remarks: '' }, promotion },
        'It is published.',
      ),
      scoringNotification(
        { station, model_code: 'NEW', predictions_url: 'https://x/predictions.csv' },
        { removed: 0 },
        { scored: 1, unreadable: 0, images: 3, remarks: '' },
      ),
    ];

    for (const { message } of [trained, scored])
      expect(message).toMatch(/^Station 1 \(Mill Brook.*…?, synthetic\)/);
  });

  test('begins with the figures where a model became the default though it is worse than the one before', () => {
    const promotion = { ...promotionTo(true), is_worse: true, current_model_code: 'OLD' };
    const told = trainingNotification(
      { station: { id: 29, name: 'Mill Brook' } as never, model_code: 'NEW' },
      {
        predictions: { scored: 2, images: 3 },
        report: { note: 'Kendall tau is 0.19.', remarks: '' },
        promotion: { ...promotion, kendall_tau: 0.19, current_kendall_tau: 0.77 },
      },
      'It is published.',
    );

    expect(told.subject).toBe('FPE: a worse default of station 29 is finished');
    expect(told.message).toMatch(
      /^Warning: Kendall tau 0\.77 → 0\.19: the new default is worse than OLD, which it replaces\. Station 29 /,
    );
  });

  test('is one that SNS takes, and names the station in its first line, whatever it is called', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (name, other, note) => {
        for (const told of [training(name, other, note), scoring(name, other)]) {
          requireFit(told);
          expect(told.message.split('\n')).toHaveLength(1);
          expect(told.message).toMatch(/^Station 29 \(.*\)/u);
        }
      }),
      budget(),
    );
  });
});
