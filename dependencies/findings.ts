import satisfies from 'spdx-satisfies';
import * as z from 'zod';
import { DEVELOPMENT_LICENSES, type Exception, SHIPPED_LICENSES } from './policy.ts';

/** A fault of a package that is known, or a license that is not allowed. */
export type PackageFinding = { package: string; what: string; found: string; isShipped: boolean };

export const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), license: z.string().optional(), dev: z.boolean().optional() }),
  ),
});
export type LockFile = z.output<typeof lockFile>;

/** Name of a package by its folder, `node_modules/a/node_modules/@b/c` → `@b/c`. */
const packageName = (folder: string): string => folder.split('node_modules/').at(-1) as string;

/** Licenses of all packages of package-lock.json; what is not marked as `dev` there is shipped. */
export function licenseFindings({ packages }: LockFile): PackageFinding[] {
  return Object.entries(packages).flatMap(([folder, { version, license, dev }]) => {
    if (folder === '' || isAllowed(license, dev ? DEVELOPMENT_LICENSES : SHIPPED_LICENSES)) return [];
    const found = `${version} has ${license ? `the license ${license}` : 'no license'}`;
    return [{ package: packageName(folder), what: 'license', found, isShipped: !dev }];
  });
}

/** @param license an SPDX expression; all that AND joins must be allowed, and one of what OR joins */
export function isAllowed(license: string | undefined, allowed: readonly string[]): boolean {
  try {
    return license !== undefined && satisfies(license, [...allowed]);
  } catch {
    return false; // No expression: “SEE LICENSE IN …”, “UNLICENSED”.
  }
}

const npmReport = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({
      nodes: z.array(z.string()),
      // A name stands for the package that it has the fault from, which is in the report itself.
      via: z.array(
        z.union([z.string(), z.object({ url: z.string(), title: z.string(), severity: z.string() })]),
      ),
    }),
  ),
});

/** What `npm audit --json` reports; null when the registry did not answer, which is no answer of "nothing known". */
export function npmFindings(report: unknown, { packages }: LockFile): PackageFinding[] | null {
  const parsed = npmReport.safeParse(report);
  if (!parsed.success) return null;
  return Object.entries(parsed.data.vulnerabilities).flatMap(([name, { nodes, via }]) =>
    via.flatMap((advisory) => {
      if (typeof advisory === 'string') return [];
      const isShipped = nodes.some((node) => !packages[node]?.dev);
      const what = advisory.url.split('/').at(-1) as string;
      return [{ package: name, what, found: `${advisory.severity}: ${advisory.title}`, isShipped }];
    }),
  );
}

const pythonReport = z.object({
  dependencies: z.array(
    z.union([
      z.object({ name: z.string(), skip_reason: z.string() }),
      z.object({
        name: z.string(),
        version: z.string(),
        vulns: z.array(z.object({ id: z.string(), fix_versions: z.array(z.string()) })),
      }),
    ]),
  ),
});

/**
 * What `pip-audit --format json` reports. It ends well and says "no known vulnerabilities" also of packages that the index
 * did not answer for: these are told apart.
 *
 * @returns null when there is no report at all
 */
export function pythonFindings(
  report: unknown,
  isShipped: boolean,
): { findings: PackageFinding[]; unanswered: string[] } | null {
  const parsed = pythonReport.safeParse(report);
  if (!parsed.success) return null;
  const findings: PackageFinding[] = [];
  const unanswered: string[] = [];
  for (const dependency of parsed.data.dependencies)
    if ('skip_reason' in dependency) unanswered.push(dependency.name);
    else
      for (const { id, fix_versions } of dependency.vulns) {
        const found = `${dependency.version}, put right in ${fix_versions.join(', ') || 'no version yet'}`;
        findings.push({ package: dependency.name, what: id, found, isShipped });
      }
  return { findings, unanswered };
}

export const pythonPackage = z.object({
  name: z.string(),
  version: z.string(),
  licenses: z.array(z.string()),
});
export type PythonPackage = z.output<typeof pythonPackage>;

/** Names that Python packages give their licenses, as a classifier or in their own words → SPDX. */
const PYTHON_NAMES: [RegExp, string][] = [
  [/^apache.*2|^apache software|^asl 2/i, 'Apache-2.0'],
  [/^mit\b|^the mit|^expat/i, 'MIT'],
  [/^(new |modified |3-clause |the )*bsd|^bsd.3/i, 'BSD-3-Clause'],
  [/^isc/i, 'ISC'],
  [/mozilla public license 2|^mpl.?2/i, 'MPL-2.0'],
  [/python software foundation|^psf/i, 'PSF-2.0'],
  [/unlicense/i, 'Unlicense'],
  [/^hpnd|historical permission notice/i, 'MIT'],
];

/**
 * One of several classifiers is enough.
 *
 * @param isShipped as the wheels are that score; other Python packages build, test and, on one computer, train
 */
export function pythonLicenseFindings(
  packages: readonly PythonPackage[],
  isShipped: boolean,
): PackageFinding[] {
  const allowed = isShipped ? SHIPPED_LICENSES : DEVELOPMENT_LICENSES;
  return packages.flatMap(({ name, version, licenses }) => {
    const known = licenses.map((text) => PYTHON_NAMES.find(([pattern]) => pattern.test(text))?.[1] ?? text);
    if (known.some((license) => isAllowed(license, allowed))) return [];
    const found = `${version} has ${licenses.length > 0 ? `the license ${licenses.join(' or ')}` : 'no license'}`;
    return [{ package: name, what: 'license', found, isShipped }];
  });
}

/**
 * Takes out what an exception accepts.
 *
 * @param today yyyy-mm-dd
 * @returns what is left, and what is wrong with the exceptions themselves: run out, or for too long
 */
export function judge(
  findings: readonly PackageFinding[],
  exceptions: readonly Exception[],
  today: string,
): { left: PackageFinding[]; faults: string[] } {
  const matches = (finding: PackageFinding, exception: Exception) =>
    finding.package === exception.package && finding.what === exception.what;
  const faults = exceptions.flatMap((exception) => {
    const name = `The exception for ${exception.package} (${exception.what})`;
    if (exception.until < today) return [`${name} ended on ${exception.until}`];
    return daysBetween(today, exception.until) > 184 ? [`${name} is for more than half a year`] : [];
  });
  const valid = exceptions.filter(({ until }) => until >= today);
  return { left: findings.filter((finding) => !valid.some((each) => matches(finding, each))), faults };
}

const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;
