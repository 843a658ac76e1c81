import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { strFromU8, unzipSync } from 'fflate';
import * as z from 'zod';
import { parseJsonAs } from '../shared/formats/json.ts';

export const SBOM_FILE = 'sbom.cdx.json';
export const LICENSES_FILE = 'licenses.txt';

/** An archive as it is packaged: name and bytes. */
export type Archive = { name: string; body: Uint8Array; sha256: string };

/** The sources of a bundle; browser/esbuild-plugins.cjs writes one list for each function. */
const bundleInputs = z.array(z.string());
const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string(), license: z.string().optional(), integrity: z.string().optional() }),
  ),
});
const project = z.object({ name: z.string(), version: z.string(), license: z.string() });
type Locked = z.output<typeof lockFile>['packages'][string];

/** Folder of the package that a file belongs to, as package-lock.json names it: `node_modules/@a/b`. */
const PACKAGE_FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;

const WHEEL = '.whl';
/** Of ncnn, the one library that goes along as a wheel (model/wheels/requirements.txt). */
const WHEEL_LICENSE = 'BSD-3-Clause';

/** Bundlers follow links: if node_modules is one, paths lead out of the project. */
const BEFORE_PACKAGES = /^.*?(?=node_modules\/)/;

/**
 * Lists the contents of a package: archives, npm packages whose code is in them, files of the model, containers of the jobs.
 * Without time and serial number, so that the same sources give the same text.
 *
 * @param inputs folder with the inputs of each function's bundle, `NAME.json`
 * @param images containers that jobs run in
 * @returns CycloneDX 1.6 as JSON, and the license texts of the npm packages and wheels
 */
export function billOfMaterials(
  root: string,
  inputs: string,
  archives: readonly Archive[],
  images: readonly string[],
): { sbom: string; licenses: string } {
  const { packages } = parseJsonAs(readFileSync(join(root, 'package-lock.json'), 'utf8'), lockFile);
  const { name, version, license } = parseJsonAs(readFileSync(join(root, 'package.json'), 'utf8'), project);
  const bom = new Models.Bom();
  const whole = new Models.Component(Enums.ComponentType.Application, name, { version, bomRef: name });
  whole.licenses.add(new Models.SpdxLicense(license));
  bom.metadata.component = whole;
  const libraries = new Map<string, Models.Component>();
  const files = new Map<string, Models.Component>();
  const wheels = new Map<string, Uint8Array>();
  for (const archive of archives) {
    const component = fileComponent(archive.name, archive.sha256, Enums.ComponentType.Application);
    for (const folder of packagesOf(join(inputs, `${archive.name}.json`))) {
      const library = libraries.get(folder) ?? npmComponent(folder, packages[folder] as Locked);
      libraries.set(folder, library);
      component.dependencies.add(library.bomRef);
    }
    for (const [path, content] of modelFiles(archive)) {
      // Several functions pass the same files to jobs.
      const file = files.get(path) ?? modelComponent(path, content);
      if (path.endsWith(WHEEL)) wheels.set(path, content);
      files.set(path, file);
      component.dependencies.add(file.bomRef);
    }
    bom.components.add(component);
    whole.dependencies.add(component.bomRef);
  }
  for (const image of new Set(images)) whole.dependencies.add(addContainer(bom, image).bomRef);
  for (const part of [...files.values(), ...libraries.values()]) bom.components.add(part);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return {
    sbom: `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`,
    licenses: licenseTexts(root, [...libraries.keys()].sort(), packages) + wheelLicenses(wheels),
  };
}

function packagesOf(file: string): Set<string> {
  const paths = parseJsonAs(readFileSync(file, 'utf8'), bundleInputs);
  return new Set(paths.flatMap((path) => PACKAGE_FOLDER.exec(path)?.[0].replace(BEFORE_PACKAGES, '') ?? []));
}

function npmComponent(folder: string, { version, license, integrity }: Locked): Models.Component {
  const fullName = folder.split('node_modules/').at(-1) as string;
  const [group, name] = fullName.startsWith('@') ? fullName.split('/') : [undefined, fullName];
  const purl = `pkg:npm/${fullName.replace('@', '%40')}@${version}`;
  const component = new Models.Component(Enums.ComponentType.Library, name as string, {
    version,
    purl,
    // The same version may occur twice, in the folders of two packages.
    bomRef: folder,
    ...(group && { group }),
  });
  if (license) component.licenses.add(licenseOf(license));
  const [, sha512] = /^sha512-(\S+)$/.exec(integrity ?? '') ?? [];
  if (sha512)
    component.hashes.set(Enums.HashAlgorithm['SHA-512'], Buffer.from(sha512, 'base64').toString('hex'));
  return component;
}

const licenseOf = (text: string) =>
  / (AND|OR|WITH) /.test(text) ? new Models.LicenseExpression(text) : new Models.SpdxLicense(text);

function fileComponent(name: string, sha256: string, type: Enums.ComponentType): Models.Component {
  const component = new Models.Component(type, name, { bomRef: name });
  component.hashes.set(Enums.HashAlgorithm['SHA-256'], sha256);
  return component;
}

/** Files of the model in an archive. */
const modelFiles = ({ body }: Archive): [string, Uint8Array][] =>
  Object.entries(unzipSync(body, { filter: ({ name }) => name.startsWith('model/') }));

function modelComponent(path: string, content: Uint8Array): Models.Component {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return path.endsWith(WHEEL)
    ? wheelComponent(path, sha256)
    : fileComponent(path, sha256, Enums.ComponentType.File);
}

/** Name and version of a wheel are the first parts of its name (PEP 427). */
function wheelComponent(path: string, sha256: string): Models.Component {
  const [name, version] = basename(path).split('-') as [string, string];
  const purl = `pkg:pypi/${name}@${version}`;
  const component = new Models.Component(Enums.ComponentType.Library, name, { version, purl, bomRef: path });
  component.licenses.add(new Models.SpdxLicense(WHEEL_LICENSE));
  component.hashes.set(Enums.HashAlgorithm['SHA-256'], sha256);
  return component;
}

function addContainer(bom: Models.Bom, image: string): Models.Component {
  const [, name, version] = /^(.*?)[:@]([^/]+)$/.exec(image) as unknown as [string, string, string];
  const component = new Models.Component(Enums.ComponentType.Container, name, { version, bomRef: image });
  bom.components.add(component);
  return component;
}

/** A wheel carries the text of its license (PEP 639 and before). */
function wheelLicenses(wheels: ReadonlyMap<string, Uint8Array>): string {
  const isLicense = ({ name }: { name: string }) => /\.dist-info\/.*licen[cs]e/i.test(name);
  return [...wheels]
    .map(([path, content]) => {
      const [name, version] = basename(path).split('-');
      const title = `${name} ${version} (${WHEEL_LICENSE})`;
      const texts = Object.values(unzipSync(content, { filter: isLicense })).map((text) =>
        strFromU8(text).trim(),
      );
      return `\n\n${[title, '='.repeat(title.length), ...texts].join('\n\n')}\n`;
    })
    .join('');
}

const LICENSE = /^(licen[cs]es?|notice|copying)[^/]*(\/[^/]+)?$/i;

/** The licenses require that their text accompanies the code. */
function licenseTexts(root: string, folders: readonly string[], packages: Record<string, Locked>): string {
  const parts = folders.map((folder) => {
    const { version, license } = packages[folder] as Locked;
    // Files, or a folder of them; nested packages are listed separately.
    const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((file) => LICENSE.test(relative(join(root, folder), file)));
    const texts = files.sort().map((file) => readFileSync(file, 'utf8').trim());
    const title = `${folder.split('node_modules/').at(-1)} ${version} (${license})`;
    return [title, '='.repeat(title.length), ...texts].join('\n\n');
  });
  return `${parts.join('\n\n\n')}\n`;
}
