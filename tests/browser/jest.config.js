import { join } from 'node:path';
import { common } from '../../jest.config.js';

/** The pages in a real browser: Debian's Chromium, driven by playwright-core. Screenshots go to .local/screenshots. */
export default {
  ...common,
  rootDir: join(import.meta.dirname, '..', '..'),
  testMatch: ['<rootDir>/tests/browser/**/*.test.ts'],
  globalSetup: '<rootDir>/tests/browser/require-chromium.js',
  reporters: ['default', '<rootDir>/tests/closing-line-reporter.js'],
  testTimeout: 60_000,
  maxWorkers: 1,
};
