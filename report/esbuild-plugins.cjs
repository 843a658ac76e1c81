/**
 * Puts the finished script into functions that write pages, when they are bundled (`custom.esbuild.plugins` of
 * serverless.yml): script.ts is replaced by the same function with the script packed inside.
 */
const { brotliCompressSync } = require('node:zlib');
const { bundleScript } = require('./bundling.cjs');

/** A third of the script's size, and unpacked in 10 ms. */
const packedModule = () => `
import { brotliDecompressSync } from 'node:zlib';
const packed = '${brotliCompressSync(bundleScript()).toString('base64')}';
export const pageScript = () => brotliDecompressSync(Buffer.from(packed, 'base64')).toString('utf8');
`;

/** @type {string | undefined} */
let contents;

/** @type {import('esbuild').Plugin} */
const pageScript = {
  name: 'page-script',
  setup(build) {
    build.onLoad({ filter: /[\\/]report[\\/]script\.ts$/ }, () => {
      contents ??= packedModule();
      return { contents, loader: 'js' };
    });
  },
};

module.exports = [pageScript];
