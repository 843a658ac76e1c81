/**
 * How much more every function and machine could take than a station of a million photos, 200,000 pairs in 5,000 annotation files
 * or in one, 300 imagesets, and a refresh of 400 stations need: the real machines on the local Step Functions, PostgreSQL and S3,
 * each function in a process with less heap than half of the memory that resources/functions.yml gives it, which has to do.
 *
 *     npm run test:scale                  # all of it: 6 GB of memory, 20 minutes
 *     npm run test:scale -- --part 100    # a hundredth of it
 *     npm run test:scale -- --until split-pairs
 *
 * Prints each measure with how many times it fits its limit. Exit code 1 where that is less than twice.
 */
import { parseArgs } from 'node:util';
import { FULL, partOf } from './large-station.ts';
import { measureScale } from './measure.ts';
import { MARGIN } from './measured-lambda.ts';
import { marginsOf, scaleTable } from './table.ts';

const { values } = parseArgs({
  options: { part: { type: 'string', default: '1' }, until: { type: 'string' } },
});
const part = Number(values.part);
const measures = await measureScale(part === 1 ? FULL : partOf(part), {
  say: (line) => console.error(line),
  until: values.until ?? null,
});
console.log(scaleTable(measures));
const narrow = marginsOf(measures).filter(({ margin }) => margin < MARGIN);
for (const { of, what, value, limit, margin } of narrow)
  console.log(`${of}: ${value} ${what} of ${limit}, ${margin.toFixed(1)} ×`);
if (measures.failed !== null) console.log(`Not everything was measured: ${measures.failed}`);
if (narrow.length > 0 || measures.failed !== null) process.exitCode = 1;
