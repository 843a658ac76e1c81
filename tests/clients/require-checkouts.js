import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { requireChromium } from '../browser/chromium.js';
import { requireProgram } from '../support/system-program.js';

/** Environment variable → the repository that it names a checkout of, and a file by which that is known. */
const CHECKOUTS = {
  FPE: { repository: 'https://github.com/EcoSHEDS/fpe', file: 'app/vue.config.js' },
  FPE_MODEL: { repository: 'https://github.com/EcoSHEDS/fpe-model', file: 'src/predict-imageset.py' },
};
/** R packages that the setup of FPE's report loads, as Debian calls them. */
const R_PACKAGES = ['tidyverse', 'lubridate', 'glue', 'patchwork', 'jsonlite', 'knitr'];

/** Says everything that is missing at once: nothing of these tests is skipped. */
export default () => {
  const faults = Object.entries(CHECKOUTS).flatMap(([name, { repository, file }]) => {
    const folder = process.env[name];
    if (!folder) return [`${name} is not set: git clone ${repository}, and name its folder`];
    if (!existsSync(join(folder, file)))
      return [`${name}=${folder} has no ${file}, so it is no checkout of ${repository}`];
    process.env[name] = resolve(folder);
    return [];
  });
  if (faults.length > 0)
    throw new Error(`npm run test:clients runs FPE's own programs on what this project publishes, and needs checkouts of both:
${faults.map((fault) => `  ${fault}`).join('\n')}
For example: FPE=../fpe FPE_MODEL=../fpe-model npm run test:clients
It works on copies, takes about ten minutes, and needs npm's and Python's registries, Chromium and R.`);
  requireChromium();
  requireProgram('Rscript', 'r-base-core');
  requireR();
};

function requireR() {
  const missing = () =>
    R_PACKAGES.filter(
      (name) => spawnSync('Rscript', ['-e', `library(${name})`], { stdio: 'ignore' }).status !== 0,
    );
  const packages = missing().map((name) => `r-cran-${name}`);
  if (packages.length === 0) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get'))
    execFileSync('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', ...packages], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  if (missing().length > 0)
    throw new Error(
      `These tests need packages of R. On Debian or Ubuntu, as root: apt-get install ${packages.join(' ')}`,
    );
}
