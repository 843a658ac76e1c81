/**
 * `npm run test:mutation`: changes the source of the rooms whose mathematics nobody would see fail, one place at a time, and looks
 * whether a test notices (https://stryker-mutator.io). Takes long, so it is no part of CI; CONTRIBUTING.md has the scores.
 */
export default {
  testRunner: 'jest',
  jest: { projectType: 'custom', configFile: 'tests/mutation/jest.config.js' },
  testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
  coverageAnalysis: 'perTest',
  mutate: ['shared/{statistics,model-input,predictions,publication}/**/*.ts'],
  ignorePatterns: ['.local', '.serverless', 'docs', 'tests/integration/golden'],
  // TypeScript 7 has no API that Stryker could rewrite tsconfig.json with; nothing here is compiled by it.
  tsconfigFile: 'none',
  disableTypeChecks: false,
  reporters: ['clear-text', 'html'],
  htmlReporter: { fileName: '.local/mutation/index.html' },
  tempDirName: '.local/stryker',
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  concurrency: 2,
};
