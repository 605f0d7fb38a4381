import { describe, expect, it } from 'vitest';
import { TarReader } from './tar-reader.ts';

function header(path: string, size: number, kind = '0'): Buffer {
  const block = Buffer.alloc(512);
  block.write(path, 0);
  block.write('0000600\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write(kind, 156);
  block.write('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
const padded = (text: string): Buffer => Buffer.concat([Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)]);

function read(archive: Buffer, chunk: number): { readonly files: Readonly<Record<string, string>>; readonly folders: readonly string[]; readonly isComplete: boolean } {
  const files: Record<string, string> = {};
  const folders: string[] = [];
  let current = '';
  const reader = new TarReader({
    entry: ({ path, type }) => {
      if (type === 'folder') folders.push(path);
      else files[(current = path)] = '';
    },
    data: (bytes) => (files[current] += bytes.toString()),
    end: () => (current = ''),
  });
  for (let at = 0; at < archive.length; at += chunk) reader.write(archive.subarray(at, at + chunk));
  return { files, folders, isComplete: reader.isComplete };
}

describe(TarReader, () => {
  const archive = Buffer.concat([header('base/', 0, '5'), header('base/1', 600), padded('a'.repeat(600)), header('empty', 0), header('./PG_VERSION', 3), padded('18\n'), Buffer.alloc(1024)]);

  it.each([1, 7, 512, 100_000])('reads files and folders from chunks of %d bytes', (chunk) => {
    expect(read(archive, chunk)).toEqual({ files: { 'base/1': 'a'.repeat(600), empty: '', PG_VERSION: '18\n' }, folders: ['base'], isComplete: true });
  });
  it('knows that an archive was cut off', () => {
    expect(read(archive.subarray(0, 1200), 512).isComplete).toBe(false);
  });
  it.each(['../escape', '/etc/passwd', 'a/../../b'])('refuses the path %s', (path) => {
    expect(() => read(header(path, 0), 512)).toThrow('which leaves its folder');
  });
  it('refuses links and damaged headers', () => {
    expect(() => read(header('pg_tblspc/1', 0, '2'), 512)).toThrow('tablespaces are not supported');
    const damaged = header('a', 1);
    damaged[0] = 98;
    expect(() => read(damaged, 512)).toThrow('the checksum of a header does not match');
  });
});
