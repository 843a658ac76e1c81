/**
 * Builds the script of the pages from `main.ts`, whenever it is asked for: there is no built file that could be out of date.
 *
 * CommonJS, because the Serverless Framework loads plugins with require().
 */
const { join } = require('node:path');
const { buildSync } = require('esbuild');

/**
 * @returns {{ text: string, inputs: string[] }} the whole script, minified, as it may stand between script tags, and the
 *   files that it has code of, below the working directory
 */
exports.buildScript = () => {
  const { outputFiles, metafile } = buildSync({
    entryPoints: [join(__dirname, 'main.ts')],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'iife',
    target: 'es2023',
    legalComments: 'none',
    charset: 'utf8',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const [file] = /** @type {[import('esbuild').OutputFile]} */ (outputFiles);
  // Would end the script element, also within a text.
  return { text: file.text.replaceAll('</script', '<\\/script'), inputs: exports.inputsOf(metafile) };
};

/** @returns {string} the text of the script alone */
exports.bundleScript = () => exports.buildScript().text;

/** @param {import('esbuild').Metafile} metafile @returns {string[]} files of which something is in the output */
exports.inputsOf = ({ outputs }) =>
  Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
