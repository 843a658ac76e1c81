import process from 'node:process';

/**
 * How much is tried: in CI another sample each time, of some seconds; `npm run test:fuzz` tries for minutes. A failure tells its seed
 * and path; so does this line, for a run that was cut off: `FUZZ_SEED=… npm run test:fuzz` tries the same again.
 */
const given = process.env.FUZZ_SEED;
export const SEED = given ? Number(given) : Date.now() % 2 ** 31;
const runs = process.env.FUZZ_RUNS;
process.stderr.write(`fuzz: FUZZ_SEED=${SEED}\n`);

/** @param numRuns in CI; each is cut off after two seconds there, which is no failure */
export const budget = (numRuns = 300) => ({
  seed: SEED,
  numRuns: runs ? Number(runs) : numRuns,
  ...(!runs && { interruptAfterTimeLimit: 2000, markInterruptAsFailure: false }),
});
