/**
 * Sets up everything that `npm start` and `npm test` need, and does nothing if nothing is missing: the packages of
 * package-lock.json (Node.js 24 among them) and a Python that can import PyTorch.
 *
 * Plain JavaScript without dependencies, because it runs on the host's Node.js before anything is installed.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const ROOT = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const STATE_FOLDER = join(ROOT, '.local');
const PACKAGES_STAMP = join(ROOT, 'node_modules', '.package-lock-hash');
const PYTHON_STAMP = join(STATE_FOLDER, 'python.json');
const PYTHON_MODULES = ['torch', 'torchvision', 'PIL', 'numpy'];
const TEST_MODULES = ['pytest', 'hypothesis'];
/** If the system has no package: the last release that runs on Python 3.8, like the oldest supported PyTorch. */
const HYPOTHESIS = 'hypothesis==6.112.1';
/** npm prints its whole help after an error; the first lines say what it was. */
const LINES_OF_A_FAILURE = 15;
/** Holds ncnn, which scoring uses where it is: for the Python found here, and for that of AWS's containers. */
const WHEELS = join(ROOT, 'model', 'wheels');
/** Of the image that config/containers.ts names for serving. */
const SERVING_PYTHON = { version: '3.12', system: 'linux', machine: 'x86_64' };
/** PyTorch's own index of builds without CUDA: a tenth of the download size. */
const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';

if (process.argv.includes('--help')) {
  console.log(`Usage: npm run setup [-- --tests | --emulator | --containers | --clients | --audit | --ruff | --without-python]

Installs what is missing: the npm packages, and PyTorch for Python 3. Fetches ncnn, which makes scoring
quicker; without it, everything works as well.
  --tests      also pytest and hypothesis, which npm test runs the model's tests with
  --emulator   instead of PyTorch, moto and cfn-lint in a venv, which npm run test:emulator uses
  --containers also AWS's toolkits for training and serving in a venv, which npm run test:containers uses
  --clients    also what FPE's scoring container needs in a venv, which npm run test:clients uses
  --ruff       instead of PyTorch, ruff in a venv, which npm run check and npm run format use
  --audit      instead of PyTorch, pip-audit in a venv, which npm run audit uses
  --without-python  the npm packages only: what packaging and deploying need
  FPE_PYTHON   environment variable: the interpreter to use instead of looking for one`);
  process.exit(0);
}

/** Programs that are running: if one fails, the others are ended. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

requireNode();
// One waits for npm's registry and the disk while the other waits for its own.
await Promise.all([installPackages(), installTheRest()]);

async function installTheRest() {
  const has = (/** @type {string} */ option) => process.argv.includes(option);
  if (has('--emulator'))
    return installVenv('moto and cfn-lint', 'emulator', 'tests/emulator/requirements.txt');
  if (has('--ruff'))
    return installVenv('ruff, which checks the model’s Python', 'ruff', 'dependencies/ruff.txt');
  if (has('--audit')) return installVenv('pip-audit', 'audit', 'dependencies/requirements.txt');
  if (has('--containers'))
    return installBesidePyTorch(
      'AWS’s container toolkits',
      'containers',
      'tests/containers/requirements.txt',
    );
  if (has('--clients'))
    return installBesidePyTorch(
      'what FPE’s scoring container needs',
      'clients-python',
      'tests/clients/requirements.txt',
    );
  if (!has('--without-python')) {
    await installPython(has('--tests') ? [...PYTHON_MODULES, ...TEST_MODULES] : PYTHON_MODULES);
    await fetchWheel(ownPython());
  }
  await fetchWheel(SERVING_PYTHON);
}

function requireNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 20) return;
  stop(`Node.js ${process.versions.node} is too old: version 20 or newer is needed to install the rest.`);
}

async function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (existsSync(PACKAGES_STAMP) && readFileSync(PACKAGES_STAMP, 'utf8') === lock) return;
  await step('npm packages, with Node.js 24 for every script', 'about a minute', async () => {
    await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error']);
    writeFileSync(PACKAGES_STAMP, lock);
  });
}

/** @param {string[]} modules names that the interpreter must be able to import */
async function installPython(modules) {
  const known = knownPython();
  if (known && modules.every((name) => known.modules.includes(name)) && existsSync(known.python)) return;
  const python = findPython(modules) ?? (await installFromApt(modules)) ?? (await installIntoVenv(modules));
  const version = output(python, ['-c', 'import torch; print(torch.__version__)']);
  mkdirSync(STATE_FOLDER, { recursive: true });
  writeFileSync(PYTHON_STAMP, `${JSON.stringify({ python, modules, torch: version }, null, 2)}\n`);
  console.log(`Set-up: PyTorch ${version} of ${python} is used for training and scoring.`);
}

/** @typedef {{ version: string, system: string, machine: string }} Python e.g. 3.12, linux or darwin, x86_64 or arm64 */

/** @returns {Python} the one that the set-up has found */
function ownPython() {
  const { python } = JSON.parse(readFileSync(PYTHON_STAMP, 'utf8'));
  const code =
    'import platform, sys; print("%d.%d" % sys.version_info[:2], sys.platform, platform.machine())';
  const [version = '', system = '', machine = ''] = output(python, ['-c', code]).split(' ');
  return { version, system, machine };
}

/**
 * Fetches the pinned library that scoring uses (model/ncnn_network.py), unless it is there. It is no failure if there is none: the
 * same scores then take about half as long again.
 * @param {Python} python
 */
async function fetchWheel({ version, system, machine }) {
  const tag = `cp${version.replace('.', '')}`;
  const isFitting = (/** @type {string} */ name) =>
    name.includes(`-${tag}-`) && name.endsWith(`${machine}.whl`);
  if (readdirSync(WHEELS).some(isFitting)) return;
  const platform = system === 'darwin' ? `macosx_11_0_${machine}` : `manylinux_2_28_${machine}`;
  const options = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--retries=1', '--timeout=15'];
  const target = ['--python-version', version, '--implementation=cp', `--abi=${tag}`, '--platform', platform];
  const requirements = ['-r', join(WHEELS, 'requirements.txt'), '-d', WHEELS];
  await step(`ncnn for Python ${version}, into model/wheels`, 'seconds', async () => {
    const download = ['-m', 'pip', 'download', '-q', ...options, ...target, ...requirements];
    for (const python of ['python3', '/usr/bin/python3'])
      if ((await result(python, download)).status === 0) return;
    console.log(
      `Set-up: there is no ncnn for Python ${version} on ${machine}, or pip cannot fetch it. Scoring works without it, and takes about half as long again. To try again: npm run setup`,
    );
  });
}

/**
 * Separate from PyTorch's Python, unless that is given: neither needs the other's packages.
 * @param {string} what @param {string} name of the venv @param {string} requirements file of the project
 * @param {{ python: string, options: string[] }} base of the venv
 */
async function installVenv(what, name, requirements, base = { python: 'python3', options: [] }) {
  const folder = join(STATE_FOLDER, name);
  const file = join(ROOT, requirements);
  const wanted = readFileSync(file, 'utf8');
  const stamp = join(folder, 'requirements.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  await step(`${what}, into .local/${name}`, 'half a minute', async () => {
    await run(base.python, ['-m', 'venv', '--clear', ...base.options, folder]);
    await run(join(folder, 'bin/python'), ['-m', 'pip', 'install', '-q', '-r', file]);
    writeFileSync(stamp, wanted);
  });
}

/**
 * With the PyTorch that the project uses, because the containers have their own beside the rest.
 * @param {string} what @param {string} name of the venv @param {string} requirements file of the project
 */
async function installBesidePyTorch(what, name, requirements) {
  await installPython(PYTHON_MODULES);
  const { python } = JSON.parse(readFileSync(PYTHON_STAMP, 'utf8'));
  await installVenv(what, name, requirements, { python, options: ['--system-site-packages'] });
}

/** @returns {{ python: string, modules: string[] } | undefined} what an earlier set-up found */
function knownPython() {
  if (process.env.FPE_PYTHON || !existsSync(PYTHON_STAMP)) return undefined;
  return JSON.parse(readFileSync(PYTHON_STAMP, 'utf8'));
}

/** @param {string[]} modules */
function findPython(modules) {
  const given = process.env.FPE_PYTHON;
  if (given && !canImport(given, modules))
    stop(
      `FPE_PYTHON is ${given}, which cannot import ${modules.join(', ')}. Install them there, or unset FPE_PYTHON.`,
    );
  const candidates = given ? [given] : [join(ROOT, '.venv/bin/python'), 'python3', '/usr/bin/python3'];
  const found = candidates.find((python) => canImport(python, modules));
  return found && output(found, ['-c', 'import sys; print(sys.executable)']);
}

/** @param {string} python @param {string[]} modules */
function canImport(python, modules) {
  return spawnSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' }).status === 0;
}

/** @param {string[]} modules */
async function installFromApt(modules) {
  const isDebianRoot =
    process.getuid?.() === 0 && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;
  if (!isDebianRoot) return undefined;
  const packages = ['python3', 'python3-torch', 'python3-torchvision', 'python3-pil'];
  if (modules.includes('pytest')) packages.push('python3-pytest', 'python3-hypothesis');
  await step('PyTorch from the system’s packages', 'about a minute', async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['-qq', 'update'], { env });
    await run('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', ...packages], { env });
  });
  return canImport('/usr/bin/python3', modules) ? '/usr/bin/python3' : undefined;
}

/** @param {string[]} modules */
async function installIntoVenv(modules) {
  const python = join(ROOT, '.venv/bin/python');
  await step('PyTorch from pip, into .venv', 'a few minutes', async () => {
    if (!existsSync(python)) await run('python3', ['-m', 'venv', join(ROOT, '.venv')]);
    await run(python, ['-m', 'pip', 'install', '-q', '--index-url', CPU_INDEX, 'torch', 'torchvision']);
    await run(python, [
      '-m',
      'pip',
      'install',
      '-q',
      'numpy',
      'pillow',
      ...(modules.includes('pytest') ? ['pytest', HYPOTHESIS] : []),
    ]);
  });
  return python;
}

/** @param {string} what @param {string} duration @param {() => Promise<void>} work */
async function step(what, duration, work) {
  const startedAt = performance.now();
  console.log(`Set-up: ${what} (${duration}) …`);
  await work();
  console.log(`Set-up: ${what}: done in ${Math.round((performance.now() - startedAt) / 1000)} s`);
}

/** @param {string} command @param {string[]} args @param {import('node:child_process').SpawnOptions} [options] */
async function run(command, args, options) {
  const { status, said, error } = await result(command, args, options);
  if (status === 0) return;
  stop(`\`${command} ${args.join(' ')}\` ${error ? `could not be run: ${error.message}` : `ended with exit code ${status}`}
${said
  .split('\n')
  .filter((line) => line.trim())
  .slice(0, LINES_OF_A_FAILURE)
  .map((line) => `  ${line}`)
  .join('\n')}
To fix: run that command by hand to see all of it. For Python: install PyTorch 1.13 or newer with torchvision, numpy and Pillow (for the tests also pytest and hypothesis), and set FPE_PYTHON to its interpreter.`);
}

/**
 * Exit code of a program, what it said, errors first, and why it could not be started.
 * @param {string} command @param {string[]} args @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<{ status: number | null, said: string, error?: Error }>}
 */
function result(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running.add(child);
    const said = { stderr: '', stdout: '' };
    child.stderr?.setEncoding('utf8').on('data', (text) => (said.stderr += text));
    child.stdout?.setEncoding('utf8').on('data', (text) => (said.stdout += text));
    const end = (/** @type {number | null} */ status, /** @type {Error | undefined} */ error) => {
      running.delete(child);
      resolve({ status, said: said.stderr + said.stdout, ...(error && { error }) });
    };
    child.once('error', (error) => end(null, error)).once('close', (status) => end(status, undefined));
  });
}

/** @param {string} command @param {string[]} args */
function output(command, args) {
  return execFileSync(command, args, { encoding: 'utf8' }).trim();
}

/** @param {string} message @returns {never} */
function stop(message) {
  for (const child of running) child.kill();
  console.error(`Set-up failed: ${message}`);
  process.exit(1);
}
