import { join } from 'node:path';
import { common } from '../../jest.config.js';

/** The statistics against an independent source: R. */
export default {
  ...common,
  rootDir: join(import.meta.dirname, '..', '..'),
  testMatch: ['<rootDir>/tests/reference/**/*.test.ts'],
  globalSetup: '<rootDir>/tests/reference/require-r.js',
  reporters: ['default', '<rootDir>/tests/closing-line-reporter.js'],
  testTimeout: 60_000,
};
