import { expect, test } from '@jest/globals';
import { packageCommand } from '../../cli/package.ts';

test.each([
  ['the stage that is named', ['--stage', 'prod'], 'prod'],
  ['dev where none is', [], 'dev'],
])('fpe package builds %s', async (_, args, stage) => {
  const packaged: string[] = [];
  const command = packageCommand({
    packageStage: async (name) => {
      packaged.push(name);
      return {} as never;
    },
  });

  await command.parseAsync(args, { from: 'user' });

  expect(packaged).toEqual([stage]);
});
