import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { countGpus } from '../../local/sagemaker/container.ts';

let devices: string;
beforeAll(() => {
  devices = mkdtempSync(join(tmpdir(), 'fpe-devices-'));
  writeFileSync(join(devices, 'nvidia0'), '');
});
afterAll(() => rmSync(devices, { recursive: true }));

/** Stands in for Python: prints what PyTorch would count. */
function pythonThatSays(lines: string): string {
  const python = join(devices, 'python');
  writeFileSync(python, `#!/bin/sh\n${lines}\n`);
  chmodSync(python, 0o755);
  return python;
}

describe('the GPUs of this computer', () => {
  test('are those that PyTorch can use', () => {
    expect(countGpus(pythonThatSays('echo 2'), devices)).toBe(2);
  });

  test('are none where PyTorch has no CUDA, or does not start, however many cards there are', () => {
    expect(countGpus(pythonThatSays('echo 0'), devices)).toBe(0);
    expect(countGpus(pythonThatSays('exit 1'), devices)).toBe(0);
  });

  test('are none without a card, and nobody is asked', () => {
    expect(countGpus(join(devices, 'no-python'), join(devices, 'nowhere'))).toBe(0);
  });
});
