import { describe, expect, test } from '@jest/globals';
import { liveLines } from '../../cli/progress/live-lines.ts';
import { IMPORT_STEPS, stepLines } from '../../cli/progress/step-lines.ts';

describe('the progress of work in steps', () => {
  test('has a line for each step that has begun, with how long it takes and how far it is', () => {
    let time = 0;
    const linesOf = stepLines(IMPORT_STEPS, () => time);

    linesOf({ step: 'check', done: 0, total: 2 });
    time = 1500;
    linesOf({ step: 'check', done: 2, total: 2 });
    linesOf({ step: 'files', done: 0, total: 3000 });
    time = 3500;
    const lines = linesOf({ step: 'files', done: 1500, total: 3000 });

    expect(lines.map(({ text }) => text)).toEqual([
      'Checking stations    1.5s  ████████████████████ 2 of 2 stations',
      'Copying files        2.0s  ██████████░░░░░░░░░░ 1,500 of 3,000 files',
    ]);
  });

  test('names what an import counts while it writes rows, as there are more rows than that', () => {
    const [line] = stepLines(IMPORT_STEPS, () => 0)({ step: 'rows', done: 5, total: 5 });

    expect(line?.text).toContain('5 of 5 photos, sessions and values');
  });

  test('has no line for a step without anything to do', () => {
    expect(stepLines(IMPORT_STEPS)({ step: 'files', done: 0, total: 0 })).toEqual([]);
  });

  test('is worth five lines of a log for each step', () => {
    const written: string[] = [];
    const view = liveLines({ write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream);
    const linesOf = stepLines(IMPORT_STEPS);

    for (let done = 0; done <= 1000; done++) view.show(linesOf({ step: 'files', done, total: 1000 }));

    expect(written).toHaveLength(5);
    expect(written.at(-1)).toContain('1,000 of 1,000 files');
  });
});
