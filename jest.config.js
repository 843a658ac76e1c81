import { availableParallelism } from 'node:os';

/**
 * Projects by what they need: `unit` nothing but the source; `services`, tests named *.service.test.ts, the embedded PostgreSQL
 * and S3, started once per run; `integration`, tests named *.integration.test.ts, whole stacks or many processes for each file, and
 * minutes in all; `emulator` moto and cfn-lint, which `npm run test:emulator` installs; `containers` AWS's toolkits, which
 * `npm run test:containers` installs; `clients` checkouts of FPE's own repositories; `browser` Chromium; `reference` R. All run the
 * TypeScript sources as native ES modules (hence --experimental-vm-modules in the script `jest` of package.json).
 */
const common = {
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
  // Many tests wait: for jobs, for timeouts, for a server that is silent on purpose. Three keep two cores at work.
  maxWorkers: Math.max(3, availableParallelism() - 1),
  reporters: ['default', '<rootDir>/tests/support/closing-line-reporter.js'],
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/tests/**/*.test.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        '\\.(service|integration)\\.test\\.ts$',
        '<rootDir>/tests/(emulator|containers|clients|browser|reference)/',
      ],
    },
    {
      ...common,
      displayName: 'services',
      testMatch: ['<rootDir>/tests/**/*.service.test.ts'],
      globalSetup: '<rootDir>/tests/services/start-services.js',
      globalTeardown: '<rootDir>/tests/services/stop-services.js',
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/tests/**/*.integration.test.ts'],
      globalSetup: '<rootDir>/tests/services/start-services.js',
      globalTeardown: '<rootDir>/tests/services/stop-services.js',
    },
    {
      ...common,
      displayName: 'emulator',
      testMatch: ['<rootDir>/tests/emulator/**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'containers',
      testMatch: ['<rootDir>/tests/containers/**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'clients',
      testMatch: ['<rootDir>/tests/clients/**/*.test.ts'],
      globalSetup: '<rootDir>/tests/clients/require-checkouts.js',
    },
    {
      ...common,
      displayName: 'browser',
      testMatch: ['<rootDir>/tests/browser/**/*.test.ts'],
      globalSetup: '<rootDir>/tests/browser/require-chromium.js',
    },
    {
      ...common,
      displayName: 'reference',
      testMatch: ['<rootDir>/tests/reference/**/*.test.ts'],
      globalSetup: '<rootDir>/tests/reference/require-r.js',
    },
  ],
};
