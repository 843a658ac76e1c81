/**
 * Builds the script of the pages from `main.ts`, whenever it is asked for: there is no built file that could be out of date.
 *
 * CommonJS, because the Serverless Framework loads plugins with require().
 */
const { join } = require('node:path');
const { buildSync } = require('esbuild');

/** @returns {string} the whole script, minified, as it may stand between script tags */
exports.bundleScript = () => {
  const [file] = buildSync({
    entryPoints: [join(__dirname, 'main.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2023',
    legalComments: 'none',
    charset: 'utf8',
    define: { 'process.env.NODE_ENV': '"production"' },
  }).outputFiles;
  // Would end the script element, also within a text.
  return /** @type {import('esbuild').OutputFile} */ (file).text.replaceAll('</script', '<\\/script');
};
