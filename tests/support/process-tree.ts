import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Ids of a process, by default this one, and of all that it has started, and they; needs /proc. */
export function processTree(root = process.pid): number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), parentOf(name)] as const),
  );
  const tree = [root];
  for (const id of tree) for (const [child, parent] of parents) if (parent === id) tree.push(child);
  return tree;
}

/** Addresses at which these processes listen, e.g. 127.0.0.1:8083 or, in version 6, 32 digits and the port. */
export function listeningAddresses(processes: readonly number[]): string[] {
  const sockets = new Set(processes.flatMap(socketsOf));
  return ['tcp', 'tcp6'].flatMap((table) =>
    read(`/proc/net/${table}`)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.has(String(inode)))
      .map(([, address]) => readable(String(address))),
  );
}

export const commandLineOf = (id: number): string => read(`/proc/${id}/cmdline`).replaceAll('\0', ' ');

/** The fourth field; the second, a name in parentheses, may hold anything. */
const parentOf = (id: string): number => Number(read(`/proc/${id}/stat`).split(') ').at(-1)?.split(' ')[1]);

const socketsOf = (id: number): string[] =>
  orNothing(() => readdirSync(`/proc/${id}/fd`), []).flatMap((name) => {
    const file = orNothing(() => readlinkSync(`/proc/${id}/fd/${name}`), '');
    const [, inode] = /^socket:\[(\d+)\]$/.exec(file) ?? [];
    return inode ? [inode] : [];
  });

/** @param address 0100007F:1F93, the bytes of version 4 in reverse */
function readable(address: string): string {
  const [bytes = '', port = ''] = address.split(':');
  const name = bytes.length === 8 ? [...Buffer.from(bytes, 'hex')].reverse().join('.') : bytes;
  return `${name}:${Number.parseInt(port, 16)}`;
}

const read = (file: string): string => orNothing(() => readFileSync(file, 'utf8'), '');

/** Processes end, and files are closed, while they are looked at. */
function orNothing<Found>(find: () => Found, nothing: Found): Found {
  try {
    return find();
  } catch {
    return nothing;
  }
}
