import { describe, expect, test } from '@jest/globals';
import { schemaCommand } from '../../cli/schema.ts';
import type { SchemaPlan } from '../../shared/fpe-database/schema.ts';

const PLAN: SchemaPlan = {
  state: 'absent',
  where: 'fpe on 127.0.0.1',
  tables: ['stations', 'images'],
  types: ['status'],
  functions: ['image_has_pii'],
};

/** Runs the command. @returns what it did and printed */
async function run(args: string[], plan = PLAN) {
  const did: unknown[][] = [];
  const printed: string[] = [];
  const command = schemaCommand({
    connect: async (stage) => void did.push(['connect', stage]),
    planSchema: async () => {
      did.push(['plan']);
      return plan;
    },
    createSchema: async () => {
      did.push(['create']);
      return plan;
    },
    print: (text) => printed.push(text),
  });
  await command.parseAsync(args, { from: 'user' });
  return { did, printed: printed.join('\n') };
}

describe('fpe schema', () => {
  test('creates the tables and says how to fill them', async () => {
    const { did, printed } = await run(['--stage', 'dev']);

    expect(did).toEqual([['connect', 'dev'], ['create']]);
    expect(printed).toContain('In fpe on 127.0.0.1 are created:\n  2 tables    stations, images');
    expect(printed).toMatch(/To fill them: \.\/fpe import FOLDER$/);
  });

  test('with --dry-run only says what it would create', async () => {
    const { did, printed } = await run(['--dry-run']);

    expect(did).toEqual([['connect', undefined], ['plan']]);
    expect(printed).toMatch(/Nothing was written\.$/);
  });

  test('leaves a database that has them as it is', async () => {
    const { printed } = await run([], { ...PLAN, state: 'complete' });

    expect(printed).toBe('fpe on 127.0.0.1 already has the FPE schema. Nothing was changed.');
  });
});
