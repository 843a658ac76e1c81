/**
 * A process that wants a lock, for lock.test.ts: `hold FILE` takes it, says so and keeps it until it is killed; `count FILE
 * COUNTER TIMES` takes it again and again, and each time adds one to a number in a file, which goes wrong where two do it
 * at once.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from '../../host/lock.ts';

const ALIVE_MS = 50_000;
const [what, file, counter, times] = process.argv.slice(2) as [string, string, string, string];
const take = () => lock(file, () => undefined);

if (what === 'hold') {
  await take();
  console.log('held');
  setInterval(() => undefined, ALIVE_MS);
} else {
  console.log('wants it');
  for (let n = 0; n < Number(times); n++) {
    const unlock = await take();
    // Fails where another process is here too.
    writeFileSync(`${counter}.busy`, '', { flag: 'wx' });
    const count = Number(readFileSync(counter, 'utf8'));
    await sleep(1);
    writeFileSync(counter, String(count + 1));
    rmSync(`${counter}.busy`);
    unlock();
  }
}
