import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** What compares with a time that somebody else has written. */
const OF_OTHERS = [
  'local/door.ts', // the time of a signature
  'local/job-data.ts', // when a file was changed
  'local/state-interpreter.ts', // the Timestamp of a Wait
  'shared/aws/service-client.ts', // Retry-After
];

test('no length of time is measured by the clock of the day, which may be set meanwhile', () => {
  const root = join(import.meta.dirname, '../..');
  const sources = ['cli', 'config', 'deployment', 'environment', 'functions', 'local', 'shared'].flatMap(
    (folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.[jt]s$/.test(name))
        .map((name) => join(folder, name)),
  );

  const measuring = sources.filter((name) =>
    /(?<!new Date\()Date\.now\(\) *[-+<>]|[-<>] *Date\.now\(\)|(deadline|startedAt\w*) = (Date\.now|new Date)\(\)/.test(
      readFileSync(join(root, name), 'utf8'),
    ),
  );

  expect(sources.length).toBeGreaterThan(100);
  expect(measuring.sort()).toEqual(OF_OTHERS);
});
