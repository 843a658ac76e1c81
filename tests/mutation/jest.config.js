import jest from '../../jest.config.js';

/** The tests of the rooms that are mutated, without the reporter of the whole suite. */
const [unit] = jest.projects.filter(({ displayName }) => displayName === 'unit');

export default {
  ...unit,
  displayName: undefined,
  testMatch: ['statistics', 'model-input', 'predictions', 'publication'].map(
    (room) => `<rootDir>/tests/shared/${room}/**/*.test.ts`,
  ),
};
