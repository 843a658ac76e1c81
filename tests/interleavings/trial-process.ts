/**
 * Tries interleavings in a process of its own, as the work of one fills one processor: told its `Task` as JSON in its argument, it
 * sends its `Trials`, then null, and ends.
 */
import fc from 'fast-check';
import { actors, moves } from './moves.ts';
import { insertGoldStation } from './station.ts';
import { openWorkplace } from './workplace.ts';
import { World } from './world.ts';

export type Task = { seed: number; runs: number; limitMs: number; shrinks: boolean };
export type Trials = { seed: number; tried: number; failure: string | null };

async function work({ seed, runs, limitMs, shrinks }: Task): Promise<Trials> {
  const workplace = await openWorkplace();
  let tried = 0;
  const deadline = Date.now() + limitMs;
  const property = fc.asyncProperty(actors, moves, async (actors, moves) => {
    if (Date.now() > deadline) return;
    const world = new World(workplace, await insertGoldStation(workplace.database), actors);
    for (const move of moves) await world.make(move);
    await world.finish();
    tried += 1;
  });
  const details = await fc.check(property, { seed, numRuns: runs, endOnFailure: !shrinks });
  await workplace.end();
  const failure = details.failed
    ? `${(details.errorInstance as Error | null)?.stack}\n${fc.stringify(details.counterexample)}`
    : null;
  return { seed, tried, failure };
}

if (import.meta.main) {
  process.once('disconnect', () => process.exit(1));
  const trials = await work(JSON.parse(process.argv[2] as string));
  process.send?.(trials);
  process.send?.(null, () => process.exit(0));
}
