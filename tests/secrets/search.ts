import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { unzipSync } from 'fflate';
import { bodyBytes } from '../../local/object-files.ts';

/** What a secret is called → its text. */
export type Secrets = Record<string, string>;

/** Below that a text is a word that others use, not a secret. */
const SECRET_LENGTH = 12;
/** Archives within archives, and packed texts within pages. */
const DEPTH = 4;
/** Long enough to be packed data rather than a word, a key or a checksum. */
const BASE64 = /[A-Za-z0-9+/]{64,}={0,2}/g;

/** Secrets of an environment by the names that such variables have. */
export const secretsOf = (environment: Record<string, string | undefined>): Secrets =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value = '']) =>
      /(PASSWORD|SECRET|SECRET_ACCESS_KEY|TOKEN|API_KEY)$/.test(name) && value.length >= SECRET_LENGTH
        ? [[name, value]]
        : [],
    ),
  );

/**
 * Searches every file below a folder, unpacked where it is packed, for secrets as they are, as JSON and URLs write them,
 * and in base64.
 *
 * @param isAllowed path below the folder → whether secrets may be there
 * @returns a line for each find: secret, form and file
 */
export function searchFolder(
  folder: string,
  secrets: Secrets,
  isAllowed: (path: string) => boolean = () => false,
): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  // An archive of many megabytes lies at several places of a model bucket.
  const known = new Map<string, string[]>();
  const foundIn = (bytes: Buffer) => {
    const content = hash('sha256', bytes);
    const found = known.get(content) ?? searchBytes(bytes, secrets);
    known.set(content, found);
    return found;
  };
  return files.flatMap((file) => {
    const path = relative(folder, join(file.parentPath, file.name));
    if (isAllowed(path)) return [];
    const found = partsOf(readIfThere(join(folder, path))).flatMap(foundIn);
    return [...new Set(found)].map((line) => `${line} in ${path}`);
  });
}

/** The body of an object of the local S3 apart from its description, as a packed body with anything behind it is not unpacked. */
function partsOf(file: Buffer): Buffer[] {
  const length = bodyBytes(file);
  return length === null ? [file] : [file.subarray(0, length), file.subarray(length)];
}

/** A running PostgreSQL removes files that were there a moment ago. */
function readIfThere(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** @returns name and form of each secret that is in these bytes, or in what they are packed from */
export function searchBytes(bytes: Buffer, secrets: Secrets): string[] {
  // Most texts look alike in several forms: each look is searched for once.
  const forms = Object.entries(secrets).flatMap(([name, text]) =>
    formsOf(text)
      .filter(([, needle], index, all) => all.findIndex(([, other]) => other === needle) === index)
      .map(([form, needle]) => ({ found: `${name} (${form})`, needle })),
  );
  return [...new Set(search(bytes, forms, DEPTH))];
}

type Form = { found: string; needle: string };

function search(bytes: Buffer, forms: Form[], depth: number): string[] {
  const here = forms.filter(({ needle }) => bytes.includes(needle)).map(({ found }) => found);
  return depth === 0 ? here : [...here, ...unpack(bytes).flatMap((part) => search(part, forms, depth - 1))];
}

function formsOf(text: string): [string, string][] {
  const bytes = Buffer.from(text);
  // Three bytes make four characters; what stands before moves the boundary. The characters at both ends are shared.
  const base64 = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  return [
    ['as it is', text],
    ['in JSON', JSON.stringify(text).slice(1, -1)],
    ['in a URL', encodeURIComponent(text)],
    ['in a form', new URLSearchParams([['', text]]).toString().slice(1)],
    ...base64.map((needle): [string, string] => ['in base64', needle]),
    ...base64.map((needle): [string, string] => [
      'in base64 of URLs',
      needle.replaceAll('+', '-').replaceAll('/', '_'),
    ]),
    ['in hexadecimal digits', bytes.toString('hex')],
    ['in 16 bits', `${text.split('').join('\0')}`],
  ];
}

function unpack(bytes: Buffer): Buffer[] {
  if (bytes.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) return attempt(() => [gunzipSync(bytes)]);
  if (bytes.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1')))
    return attempt(() => Object.values(unzipSync(bytes)).map((body) => Buffer.from(body)));
  const packed = bytes.toString('latin1').match(BASE64) ?? [];
  return packed.flatMap((text) => {
    const decoded = Buffer.from(text, 'base64');
    return [
      decoded,
      ...attempt(() => [brotliDecompressSync(decoded)]),
      ...attempt(() => [inflateSync(decoded)]),
    ];
  });
}

function attempt(work: () => Buffer[]): Buffer[] {
  try {
    return work();
  } catch {
    return []; // It only began like an archive.
  }
}
