/**
 * `npm run audit`: known faults and licenses of everything that package-lock.json and the Python set-ups install, against
 * policy.ts. Fails for a finding without an exception, for an exception that ran out, and for a service that does not
 * answer, which is not the same as "nothing known"; with --allow-unanswered that is said and does not fail.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { pythonCommand } from '../local/python.ts';
import { parseJson, parseJsonAs } from '../shared/formats/json.ts';
import {
  judge,
  type LockFile,
  licenseFindings,
  lockFile,
  npmFindings,
  type PackageFinding,
  type PythonPackage,
  pythonFindings,
  pythonLicenseFindings,
  pythonPackage,
} from './findings.ts';
import { EXCEPTIONS } from './policy.ts';

const ROOT = join(import.meta.dirname, '..');
/** What scores carries these along (model/ncnn_network.py). */
const WHEELS = join(ROOT, 'model/wheels');
const VENVS = ['.local/emulator', '.local/audit', '.venv'];
/** What each installed package says of itself. */
const INVENTORY = `
import importlib.metadata, json, sys
found = {}
for d in importlib.metadata.distributions(path=sys.argv[1:] or sys.path):
    m = d.metadata
    classifiers = [c.split(' :: ')[-1] for c in m.get_all('Classifier') or [] if c.startswith('License ::')]
    said = [m['License-Expression']] if m['License-Expression'] else classifiers or [(m['License'] or '').split('\\n')[0]]
    found[m['Name'].lower()] = {'name': m['Name'].lower(), 'version': d.version, 'licenses': [s for s in said if s]}
print(json.dumps(list(found.values())))`;

const allowUnanswered = process.argv.includes('--allow-unanswered');
const unanswered: string[] = [];
const findings: PackageFinding[][] = [];

const lock: LockFile = parseJsonAs(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'), lockFile);
await auditNpm();
for (const venv of VENVS)
  if (existsSync(join(ROOT, venv))) await auditPython(venv, [join(ROOT, venv, 'bin/python')], false);
for (const wheel of readdirSync(WHEELS).filter((name) => name.endsWith('.whl')))
  await auditPython(wheel, [pythonCommand(), join(WHEELS, wheel)], true);
tellOfModel();
finish();

async function auditNpm(): Promise<void> {
  const count = Object.keys(lock.packages).length - 1;
  findings.push(licenseFindings(lock));
  const { stdout } = await output('npm', ['audit', '--json', '--package-lock-only']);
  const report = parsed(stdout);
  const found = npmFindings(report, lock);
  if (found) findings.push(found);
  else {
    const { message } = Object(report) as { message?: unknown };
    unanswered.push(`npm’s registry, for ${count} packages (${String(message ?? 'no report')})`);
  }
  console.log(`npm: ${count} packages, licenses checked, known faults ${found ? 'checked' : 'NOT CHECKED'}`);
}

/** @param python an interpreter, and where to look for packages if not among its own */
async function auditPython(
  place: string,
  [python, ...paths]: [string, ...string[]],
  isShipped: boolean,
): Promise<void> {
  const { stdout } = await output(python, ['-c', INVENTORY, ...paths]);
  const packages: PythonPackage[] = parseJsonAs(stdout, z.array(pythonPackage));
  findings.push(pythonLicenseFindings(packages, isShipped));
  const answer = await askPyPi(packages, isShipped);
  findings.push(answer?.findings ?? []);
  const open = answer ? answer.unanswered.length : packages.length;
  if (open > 0) unanswered.push(`PyPI, for ${open} of ${packages.length} packages in ${place}`);
  console.log(
    `${place}: ${packages.length} package(s), licenses checked, known faults of ${packages.length - open} checked`,
  );
}

async function askPyPi(packages: readonly PythonPackage[], isShipped: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-audit-'));
  try {
    const list = join(folder, 'requirements.txt');
    // Builds of PyTorch without CUDA have versions such as 2.9.0+cpu, which PyPI does not know.
    const lines = packages.map(({ name, version }) => `${name}==${version.split('+')[0]}`);
    writeFileSync(list, `${lines.join('\n')}\n`);
    const flags = ['--no-deps', '--disable-pip', '--format', 'json', '--progress-spinner', 'off'];
    const { stdout } = await output(join(ROOT, '.local/audit/bin/pip-audit'), ['-r', list, ...flags]);
    return pythonFindings(parsed(stdout), isShipped);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** PyTorch of a distribution has its distributor's corrections under an old number: an index of versions would mislead. */
function tellOfModel(): void {
  const python = pythonCommand();
  if (!python.startsWith(ROOT))
    console.log(
      `PyTorch: that of ${python}, not installed by this project: whoever maintains it is to be asked`,
    );
}

function finish(): void {
  const { left, faults } = judge(findings.flat(), EXCEPTIONS, new Date().toISOString().slice(0, 10));
  for (const { package: name, what, found, isShipped } of left)
    console.error(`✖ ${name} ${found} (${what}; ${isShipped ? 'shipped' : 'development only'})`);
  for (const fault of faults) console.error(`✖ ${fault}`);
  for (const service of unanswered)
    console.error(`? NOT ANSWERED: ${service}. Nothing is known about these.`);
  const isRefused = left.length > 0 || faults.length > 0;
  if (isRefused) console.error('What to do: docs/dependencies.md');
  if (unanswered.length > 0 && allowUnanswered && !isRefused)
    console.error('Not a failure here (--allow-unanswered): repeat it where the registries answer.');
  process.exitCode = isRefused || (unanswered.length > 0 && !allowUnanswered) ? 1 : 0;
}

/** Both tools end with 1 when they find something, and print their report all the same. */
async function output(program: string, args: string[]): Promise<{ stdout: string }> {
  try {
    return await promisify(execFile)(program, args, { cwd: ROOT, maxBuffer: 2 ** 26 });
  } catch (error) {
    return { stdout: String((error as { stdout?: string }).stdout ?? '') };
  }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
