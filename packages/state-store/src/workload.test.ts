import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeIndex, encodeIndex } from './index-file.ts';
import { decodeWorkload, encodeWorkload } from './workload.ts';

describe('decodeWorkload', () => {
  it('undoes encodeWorkload, which always gives the same text', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (content) => {
      const workload = encodeWorkload('a', content);
      expect(decodeWorkload(workload)).toEqual(content);
      expect(encodeWorkload('a', content)).toEqual(workload);
    }));
  });

  it.each([0, 1, 100, 4096, 4097, 16_383, 16_384, 100_000])('carries a file of %i bytes', (size) => {
    const content = Uint8Array.from({ length: size }, (_, index) => (index * index) >> 3);
    expect(decodeWorkload(encodeWorkload('a', content))).toEqual(content);
    expect(encodeWorkload('a', content).content.length).toBeLessThanOrEqual(gzipSync(content).toString('base64').length * 1.01);
  });

  it('takes no word of a gzip for its size', () => {
    const packed = gzipSync('x'.repeat(500));
    packed.writeUInt32LE(3, packed.length - 4);
    expect(() => decodeWorkload({ filepath: 'f', content: packed.toString('base64') })).toThrow('workload "f": content is not gzip');
  });

  it('stops at the limit, however well it was packed', () => {
    const bomb = { filepath: 'bomb', content: gzipSync(Buffer.alloc(50_000_000)).toString('base64') };
    expect(() => decodeWorkload(bomb, { maxFileBytes: 1000 })).toThrow('workload "bomb": is larger than 1000 bytes when decompressed');
    expect(() => decodeWorkload(bomb)).toThrow('larger than 10485760 bytes');
  });

  it.each([['not base64!', 'content is not base64'], ['AAAA', 'content is not gzip'], ['', 'content is not gzip'], ['H4sI', 'content is not gzip']])('refuses %j', (content, message) => {
    expect(() => decodeWorkload({ filepath: 'f', content })).toThrow(`workload "f": ${message}`);
  });
});

describe('encodeIndex', () => {
  it('is undone by decodeIndex for every path that a store takes', () => {
    const path = fc.array(fc.stringMatching(/^[^/\\\p{C}]{1,8}$/u).filter((part) => !['.', '..'].includes(part) && !/^(?:\.git|git~1)[ .]*$/i.test(part)), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(fc.property(fc.uniqueArray(path), (paths) => {
      expect(decodeIndex(encodeIndex(paths))).toEqual(paths.toSorted());
    }));
  });

  it('reads what Kratix writes, and nothing that leaves the store', () => {
    expect(decodeIndex(Buffer.from("files:\n- prod/a.yaml\n  - 'prod/it''s'\n- \"prod/b\"\n- ../../etc/passwd\n- /\n- \"broken\nrubbish\n"))).toEqual(['prod/a.yaml', "prod/it's", 'prod/b']);
  });
});
