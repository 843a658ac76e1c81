import jest from '../jest.config.js';

/**
 * `npm run coverage`: how much of the rooms without AWS and database the tests of the project `unit` run through, by V8. Below a
 * floor it fails; a room whose files are mostly types, schemas or keys has none, as the tests of services run through it.
 */
const FLOORS = {
  statistics: 100,
  cost: 99,
  formats: 90,
  inputs: 95,
  limits: 99,
  'model-input': 85,
  predictions: 90,
  quality: 97,
  notifications: 95,
  'report/data': 99,
  usgs: 90,
};

export default {
  rootDir: '..',
  projects: jest.projects.filter(({ displayName }) => displayName === 'unit'),
  collectCoverage: true,
  coverageProvider: 'v8',
  coverageDirectory: '.local/coverage',
  coverageReporters: ['text', 'html'],
  collectCoverageFrom: Object.keys(FLOORS).map((room) => `shared/${room}/**/*.ts`),
  coverageThreshold: Object.fromEntries(
    Object.entries(FLOORS).map(([room, lines]) => [`./shared/${room}/`, { lines }]),
  ),
};
