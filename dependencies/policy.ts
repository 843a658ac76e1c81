/**
 * What may be depended on. The words to it are in docs/dependencies.md; `npm run audit` and the tests hold to it.
 */

/** Licenses, as SPDX names them, that ask no more than that their text is kept. */
export const SHIPPED_LICENSES = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
];

/** Of what builds and tests, and is given to nobody: also those that ask for more of whoever changes or passes it on. */
export const DEVELOPMENT_LICENSES = [
  ...SHIPPED_LICENSES,
  'BlueOak-1.0.0',
  'CC-BY-3.0',
  'CC-BY-4.0',
  'MPL-2.0',
  'PSF-2.0',
  'Python-2.0',
  'Unlicense',
];

/** Something that the policy would refuse and that is accepted for a while. */
export type Exception = {
  /** npm or PyPI name. */
  package: string;
  /** Id of an advisory (GHSA-…, PYSEC-…, CVE-…), or `license`. */
  what: string;
  /** Why it does no harm here, and what is waited for. */
  reason: string;
  /** Day after which it fails again, yyyy-mm-dd; at most half a year ahead. */
  until: string;
};

export const EXCEPTIONS: readonly Exception[] = [];
