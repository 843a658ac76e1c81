import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { MODEL_LIMITS, readArchive } from '../../../shared/formats/archive-entries.ts';
import { packArchive, packFiles } from '../../../shared/formats/packed-archive.ts';
import { packSource } from '../../../shared/formats/source-archive.ts';

async function contents(archive: AsyncIterable<Uint8Array>) {
  const files: { name: string; mode: number; content: string }[] = [];
  await readArchive(archive, { where: 'an archive', limits: MODEL_LIMITS }, async ({ name, mode, body }) => {
    files.push({ name, mode, content: await text(body) });
  });
  return files;
}
const once = (bytes: Uint8Array) => Readable.from([bytes]);

describe('a packed archive', () => {
  test('holds files from memory and from streams, in the order in which they are added', async () => {
    const archive = packArchive(async (add) => {
      await add({ name: 'z', body: Readable.from([Buffer.from('stre'), Buffer.from('amed')]), size: 8 });
      await add({ name: 'folder/bytes', body: Buffer.from('bytes'), mode: 0o755 });
      await add({ name: 'a', body: 'a – text' });
      await add({ name: 'empty', body: '' });
    });

    expect(await contents(archive)).toEqual([
      { name: 'z', mode: 0o644, content: 'streamed' },
      { name: 'folder/bytes', mode: 0o755, content: 'bytes' },
      { name: 'a', mode: 0o644, content: 'a – text' },
      { name: 'empty', mode: 0o644, content: '' },
    ]);
  });

  test('of the same files is the same bytes at any time; those of code in any order', async () => {
    const files = [
      ['b', Buffer.from('two')],
      ['a', Buffer.from('one')],
    ] as const;

    expect(await packFiles(files)).toEqual(await packFiles(files));
    expect(await packSource(new Map(files))).toEqual(await packSource(new Map(files.toReversed())));
    expect(await contents(once(await packSource(new Map(files))))).toEqual([
      { name: 'a', mode: 0o755, content: 'one' },
      { name: 'b', mode: 0o755, content: 'two' },
    ]);
  });

  test('is packed as much as is asked for', async () => {
    const files = [['text', 'the same again '.repeat(1000)]] as const;

    const [stored, packed] = await Promise.all([0, 9].map((gzipLevel) => packFiles(files, { gzipLevel })));

    expect(stored?.length).toBeGreaterThan(15_000);
    expect(packed?.length).toBeLessThan(500);
  });

  test.each<[string, Parameters<typeof packArchive>[0]]>([
    [
      'that cannot be found',
      async () => {
        throw new Error('no such file');
      },
    ],
    [
      'that cannot be read to its end',
      async (add) => {
        await add({ name: 'a', body: 'whole' });
        const body = Readable.from(
          (async function* () {
            yield Buffer.from('half');
            throw new Error('no such file');
          })(),
        );
        await add({ name: 'b', body, size: 8 });
      },
    ],
  ])('with a file %s ends with that error', async (_, addAll) => {
    await expect(buffer(packArchive(addAll))).rejects.toThrow('no such file');
  });

  test('is not written on when nobody reads it any more', async () => {
    const archive = packArchive(
      async (add) => {
        for (let n = 0; n < 100; n++) {
          const body = Readable.from([Buffer.alloc(2 ** 20, n)]);
          await add({ name: `${n}`, body, size: 2 ** 20 });
        }
      },
      { gzipLevel: 0 },
    );

    for await (const _ of archive) break;

    expect(archive.destroyed).toBe(true);
  });
});
