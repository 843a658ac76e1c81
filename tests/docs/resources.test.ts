import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { RESOURCES_FILE, resourcesPage } from '../../docs/generate-resources.ts';

const PACKAGING_MS = 120_000;

test(
  'the page of resources and permissions is that of the compiled template (npm run resources)',
  async () => {
    expect(readFileSync(RESOURCES_FILE, 'utf8')).toBe(await resourcesPage());
  },
  PACKAGING_MS,
);
