import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { stageSettings } from '../../cli/stage.ts';
import { readStage } from '../../config/stage.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const example = readStage('example');

test('the settings of a stage are those of its database, in the functions’ words', () => {
  expect(stageSettings({ ...example, dbHost: 'db.example.org', databasePort: 5433 })).toEqual({
    STORAGE_BUCKET: example.storageBucket,
    MODEL_BUCKET: example.modelBucket,
    DB_SECRET_ID: example.dbSecret,
    DB_HOST: 'db.example.org',
    DB_PORT: '5433',
    DB_TLS: 'verify',
    DB_NAME: '',
    DB_USER: '',
    DB_PASSWORD: '',
  });
});

test('no setting of the database that a function has is left out', () => {
  const functions: Record<string, { environment?: Record<string, unknown> }> = parse(
    readFileSync(join(ROOT, 'resources', 'functions.yml'), 'utf8'),
    { merge: true },
  );
  const named = Object.values(functions).flatMap(({ environment = {} }) => Object.keys(environment));

  const missing = named.filter((name) => name.startsWith('DB_') && !(name in stageSettings(example)));

  expect(named).toContain('DB_SECRET_ID');
  expect(missing).toEqual([]);
});
