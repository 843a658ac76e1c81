/**
 * Two projects: `unit` needs nothing but the source; `services` starts the embedded PostgreSQL and S3 once per run.
 * Both run the TypeScript sources as native ES modules (hence --experimental-vm-modules in the npm scripts). Tests that need
 * Chromium or R have a configuration of their own: tests/browser/ and tests/reference/.
 */
export const common = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
};

export default {
  // Handlers log a line for each call.
  silent: true,
  reporters: ['default', '<rootDir>/tests/closing-line-reporter.js'],
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/tests/**/*.test.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        '<rootDir>/tests/(functions|local|machines|integration|browser|reference)/',
      ],
    },
    {
      ...common,
      displayName: 'services',
      testMatch: ['<rootDir>/tests/(functions|local|machines|integration)/**/*.test.ts'],
      globalSetup: '<rootDir>/tests/start-services.js',
      globalTeardown: '<rootDir>/tests/stop-services.js',
    },
  ],
};
