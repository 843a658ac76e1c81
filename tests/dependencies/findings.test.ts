import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  isAllowed,
  judge,
  licenseFindings,
  lockFile,
  npmFindings,
  pythonFindings,
  pythonLicenseFindings,
} from '../../dependencies/findings.ts';
import { DEVELOPMENT_LICENSES, EXCEPTIONS, SHIPPED_LICENSES } from '../../dependencies/policy.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const lock = lockFile.parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')));

describe('licenses', () => {
  test('of every npm package are allowed, or excepted for a while', () => {
    const findings = licenseFindings(lock);
    const { left, faults } = judge(findings, EXCEPTIONS, new Date().toISOString().slice(0, 10));

    expect(Object.keys(lock.packages).length).toBeGreaterThan(500);
    expect(left).toEqual([]);
    expect(faults).toEqual([]);
  });

  test.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['MIT AND GPL-3.0-only', false],
    ['GPL-3.0-only', false],
    ['SEE LICENSE IN LICENSE.md', false],
    [undefined, false],
  ])('%s is allowed to ship: %s', (license, expected) => {
    expect(isAllowed(license, SHIPPED_LICENSES)).toBe(expected);
  });

  test('that only development may have are refused for what is shipped', () => {
    const findings = licenseFindings({
      packages: {
        '': {},
        'node_modules/a': { version: '1.0.0', license: 'MPL-2.0', dev: true },
        'node_modules/a/node_modules/@b/c': { version: '2.0.0', license: 'MPL-2.0' },
        'node_modules/d': { version: '3.0.0', dev: true },
      },
    });

    expect(findings).toEqual([
      { package: '@b/c', what: 'license', found: '2.0.0 has the license MPL-2.0', isShipped: true },
      { package: 'd', what: 'license', found: '3.0.0 has no license', isShipped: false },
    ]);
  });

  test('of Python packages are told by the names that these have', () => {
    const packages = [
      { name: 'a', version: '1', licenses: ['Apache Software License'] },
      { name: 'b', version: '1', licenses: ['Apache-2.0 OR BSD-2-Clause'] },
      { name: 'c', version: '1', licenses: ['GNU General Public License v3 (GPLv3)'] },
      { name: 'd', version: '1', licenses: [] },
    ];

    expect(pythonLicenseFindings(packages, false).map(({ found }) => found)).toEqual([
      '1 has the license GNU General Public License v3 (GPLv3)',
      '1 has no license',
    ]);
  });

  test('of Python packages that are shipped are judged as those of npm', () => {
    const packages = [
      { name: 'ncnn', version: '1', licenses: ['BSD License'] },
      { name: 'a', version: '1', licenses: ['Mozilla Public License 2.0 (MPL 2.0)'] },
    ];

    expect(pythonLicenseFindings(packages, true)).toEqual([
      {
        package: 'a',
        what: 'license',
        found: '1 has the license Mozilla Public License 2.0 (MPL 2.0)',
        isShipped: true,
      },
    ]);
    expect(pythonLicenseFindings(packages, false)).toEqual([]);
  });

  test('of what is shipped are allowed in development, too', () => {
    expect(SHIPPED_LICENSES.filter((license) => !DEVELOPMENT_LICENSES.includes(license))).toEqual([]);
  });
});

describe('known faults of npm packages', () => {
  /** The report of npm itself, of a project that ships papaparse 5.0.0, asked of a registry that answers so. */
  async function audit(answer: (path: string) => { status: number; body: unknown }): Promise<unknown> {
    const server: Server = createServer((request, response) => {
      const { status, body } = answer(request.url as string);
      request.resume().on('end', () => response.writeHead(status).end(JSON.stringify(body)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const folder = mkdtempSync(join(tmpdir(), 'fpe-audit-'));
    const root = { name: 'x', version: '1.0.0', dependencies: { papaparse: '5.0.0' } };
    const packages = { '': root, 'node_modules/papaparse': { version: '5.0.0' } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(root));
    writeFileSync(
      join(folder, 'package-lock.json'),
      JSON.stringify({ ...root, lockfileVersion: 3, packages }),
    );
    const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const args = ['audit', '--json', '--package-lock-only', '--registry', registry, '--fetch-retries', '0'];
    try {
      const { stdout } = await promisify(execFile)('npm', args, { cwd: folder }).catch((error) => error);
      return JSON.parse(stdout);
    } finally {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    }
  }
  const installed = { packages: { 'node_modules/papaparse': { version: '5.0.0' } } };

  test('are found, with advisory and severity', async () => {
    const url = 'https://github.com/advisories/GHSA-qvjc-g5vr-mfgr';
    const advisory = { id: 1, url, title: 'Slow patterns', severity: 'high', vulnerable_versions: '<5.2.0' };

    const report = await audit((path) =>
      path.endsWith('/advisories/bulk')
        ? { status: 200, body: { papaparse: [advisory] } }
        : { status: 404, body: {} },
    );

    expect(npmFindings(report, installed)).toEqual([
      { package: 'papaparse', what: 'GHSA-qvjc-g5vr-mfgr', found: 'high: Slow patterns', isShipped: true },
    ]);
  });

  test('are none when the registry answers that it knows none', async () => {
    expect(npmFindings(await audit(() => ({ status: 200, body: {} })), installed)).toEqual([]);
  });

  test.each([405, 503])('are not known when the registry answers %i', async (status) => {
    expect(npmFindings(await audit(() => ({ status, body: {} })), installed)).toBeNull();
  });
});

describe('known faults of Python packages', () => {
  const vulns = [{ id: 'PYSEC-2024-1', fix_versions: ['3.1.3'], aliases: [], description: '' }];

  test('are found, and packages that nobody answered for are told apart', () => {
    const report = {
      dependencies: [
        { name: 'jinja2', version: '3.1.2', vulns },
        { name: 'moto', version: '5.2.5', vulns: [] },
        { name: 'cfn-lint', skip_reason: 'Dependency not found on PyPI' },
      ],
      fixes: [],
    };

    expect(pythonFindings(report, false)).toEqual({
      findings: [
        {
          package: 'jinja2',
          what: 'PYSEC-2024-1',
          found: '3.1.2, put right in 3.1.3',
          isShipped: false,
        },
      ],
      unanswered: ['cfn-lint'],
    });
  });

  test('are not known without a report', () => {
    expect(pythonFindings(null, false)).toBeNull();
  });
});

describe('an exception', () => {
  const finding = { package: 'a', what: 'GHSA-1', found: 'high: slow', isShipped: true };
  const exception = { package: 'a', what: 'GHSA-1', reason: 'is not called', until: '2026-06-30' };

  test('takes its finding out until its last day', () => {
    expect(judge([finding], [exception], '2026-06-30')).toEqual({ left: [], faults: [] });
  });

  test('that has ended is a fault, and its finding is back', () => {
    expect(judge([finding], [exception], '2026-07-01')).toEqual({
      left: [finding],
      faults: ['The exception for a (GHSA-1) ended on 2026-06-30'],
    });
  });

  test('for more than half a year is a fault', () => {
    expect(judge([], [exception], '2025-12-01').faults).toEqual([
      'The exception for a (GHSA-1) is for more than half a year',
    ]);
  });

  test('is for one fault of one package', () => {
    const others = [
      { ...finding, package: 'b' },
      { ...finding, what: 'license' },
    ];

    expect(judge(others, [exception], '2026-06-30').left).toEqual(others);
  });
});
