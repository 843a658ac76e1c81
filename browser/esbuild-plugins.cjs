/**
 * Plugins of the functions' bundles (`custom.esbuild.plugins` of serverless.yml): pageScript puts the finished script into
 * functions that write pages: script.ts is replaced by the same function with the script packed inside. listInputs tells
 * what a bundle was made of.
 */
const { mkdirSync, writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const { brotliCompressSync } = require('node:zlib');
const { buildScript, inputsOf } = require('./bundling.cjs');

/** @type {{ text: string, inputs: string[] } | undefined} */
let built;
const script = () => {
  built ??= buildScript();
  return built;
};

/** A third of the script's size, and unpacked in 10 ms. */
const packedModule = () => `
import { brotliDecompressSync } from 'node:zlib';
const packed = '${brotliCompressSync(script().text).toString('base64')}';
export const pageScript = () => brotliDecompressSync(Buffer.from(packed, 'base64')).toString('utf8');
`;

const SCRIPT = /[\\/]browser[\\/]script\.ts$/;

/** @type {string | undefined} */
let contents;

/** @type {import('esbuild').Plugin} */
const pageScript = {
  name: 'page-script',
  setup(build) {
    build.onLoad({ filter: SCRIPT }, () => {
      contents ??= packedModule();
      return { contents, loader: 'js' };
    });
  },
};

/**
 * Writes NAME.json into the folder BUNDLE_INPUTS: paths of all files that have code in the bundle of functions/NAME.ts, for
 * the bill of materials (deployment/sbom.ts).
 *
 * @type {import('esbuild').Plugin}
 */
const listInputs = {
  name: 'list-inputs',
  setup(build) {
    const folder = process.env.BUNDLE_INPUTS;
    if (!folder) return;
    build.initialOptions.metafile = true;
    build.onEnd(({ metafile }) => {
      if (!metafile) return; // The build failed, and says so.
      const [entry] = /** @type {string[]} */ (build.initialOptions.entryPoints);
      const inputs = inputsOf(metafile);
      const all = inputs.some((path) => SCRIPT.test(`/${path}`)) ? [...inputs, ...script().inputs] : inputs;
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        join(folder, `${basename(/** @type {string} */ (entry), '.ts')}.json`),
        JSON.stringify(all.sort(), null, 1),
      );
    });
  },
};

module.exports = [pageScript, listInputs];
