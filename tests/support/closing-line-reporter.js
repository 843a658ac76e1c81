/** Prints one plain line with the totals, for whatever reads the log of the checks. */
export default class ClosingLineReporter {
  /** @param {unknown} _contexts @param {import('@jest/reporters').AggregatedResult} results */
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = results;
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    console.log(`jest: ${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`);
  }
}
