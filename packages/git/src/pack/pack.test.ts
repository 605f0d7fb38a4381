import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashObject } from '../objects/object.ts';
import type { GitObject } from '../objects/object.ts';
import { applyDelta, encodeDelta } from './delta.ts';
import { decodePackEntryHeader, encodePackEntryHeader } from './pack-entry.ts';
import { encodePackIndex, PackIndex } from './pack-index.ts';
import { parsePack } from './pack-reader.ts';
import { writePack } from './pack-writer.ts';
import type { PackInput } from './pack-writer.ts';

const bytes = fc.uint8Array({ maxLength: 400 }).map((data) => Buffer.from(data));
const object = fc.record({ type: fc.constantFrom('blob', 'commit', 'tree', 'tag'), data: bytes }) as fc.Arbitrary<GitObject>;

describe('encodeDelta', () => {
  it('leads back to the target when applied', () => {
    fc.assert(fc.property(bytes, bytes, bytes, bytes, (head, middle, other, tail) => {
      const base = Buffer.concat([head, middle, tail]);
      const target = Buffer.concat([head, other, tail]);
      expect(applyDelta(base, encodeDelta(base, target))).toEqual(target);
    }));
  });

  it('copies across the sizes at which an instruction changes its form', () => {
    for (const size of [0, 1, 0xff, 0x100, 0xffff, 0x10000, 0x10001, 0x1000000]) {
      const base = Buffer.alloc(size + 1, 7);
      const target = Buffer.concat([base.subarray(0, size), Buffer.from([9])]);
      expect(applyDelta(base, encodeDelta(base, target)).equals(target)).toBe(true);
    }
  });
});

describe('applyDelta', () => {
  it('refuses what copies beyond its base', () => {
    const delta = encodeDelta(Buffer.from('abc'), Buffer.from('abc'));
    expect(() => applyDelta(Buffer.from('ab'), delta)).toThrow('delta is for 3 bytes, its base has 2');
    expect(() => applyDelta(Buffer.from('abc'), Buffer.from([3, 9, 0x90, 9]))).toThrow('copies beyond its base');
  });

  it('never reads or writes outside, whatever the bytes', () => {
    fc.assert(fc.property(bytes, fc.uint8Array({ maxLength: 40 }), (base, rubbish) => {
      try {
        applyDelta(base, Buffer.from(rubbish));
      } catch (error) {
        expect((error as Error).name).toMatch(/GitFormatError|RangeError|ERR_/);
      }
    }));
  });
});

describe('encodePackEntryHeader', () => {
  it('is undone by decodePackEntryHeader', () => {
    const kind = fc.oneof(
      fc.constantFrom('commit', 'tree', 'blob', 'tag').map((type) => ({ type }) as const),
      fc.integer({ min: 1, max: 2 ** 40 }).map((distance) => ({ type: 'ofs-delta', distance }) as const),
      fc.stringMatching(/^[0-9a-f]{40}$/).map((base) => ({ type: 'ref-delta', base }) as const),
    );
    fc.assert(fc.property(kind, fc.integer({ min: 0, max: 2 ** 40 }), (each, size) => {
      const header = encodePackEntryHeader(each, size);
      expect(decodePackEntryHeader(Buffer.concat([header, Buffer.from('x')]), 0, 2 ** 41)).toEqual({ kind: each, size, dataStart: header.length });
    }));
  });
});

describe('parsePack', () => {
  it('gives back what writePack was given, deltas resolved', async () => {
    await fc.assert(fc.asyncProperty(fc.array(object, { minLength: 1, maxLength: 12 }), bytes, async (objects, extra) => {
      const inputs = new Map<string, PackInput>(objects.map((each) => [hashObject(each.type, each.data), { id: hashObject(each.type, each.data), ...each }]));
      for (const each of objects) {
        const changed = Buffer.concat([each.data, extra]);
        const twice = Buffer.concat([changed, extra]);
        for (const [base, target] of [[each.data, changed], [changed, twice]] as const) {
          const id = hashObject(each.type, target);
          if (!inputs.has(id)) inputs.set(id, { id, base: hashObject(each.type, base), delta: encodeDelta(base, target) });
        }
      }
      // Deltas of deltas, before their bases.
      const written = writePack([...inputs.values()].toReversed());
      const parsed = await parsePack(written.pack);
      for (const each of objects) expect(parsed.read(hashObject(each.type, each.data))).toEqual(each);
      expect(parsed.places.map(({ id, offset, crc }) => ({ id, offset, crc }))).toEqual(written.places);
    }), { numRuns: 60 });
  });

  it('takes the base of a thin pack from outside, and names it', async () => {
    const base = Buffer.from('a line\n'.repeat(50));
    const target = Buffer.concat([base, Buffer.from('more\n')]);
    const baseId = hashObject('blob', base);
    const { pack } = writePack([{ id: hashObject('blob', target), base: baseId, delta: encodeDelta(base, target) }]);
    const parsed = await parsePack(pack, { base: (id) => (id === baseId ? { type: 'blob', data: base } : undefined) });
    expect(parsed.read(hashObject('blob', target))?.data.equals(target)).toBe(true);
    expect([...parsed.externalBases]).toEqual([baseId]);
    await expect(parsePack(pack)).rejects.toThrow(`the base ${baseId} of a delta is missing`);
  });

  it('refuses a damaged pack wherever the damage is', async () => {
    const { pack } = writePack([{ id: hashObject('blob', Buffer.from('hello')), type: 'blob', data: Buffer.from('hello') }]);
    for (let at = 0; at < pack.length; at++) {
      const bad = Buffer.from(pack);
      bad[at]! ^= 0x40;
      await expect(parsePack(bad)).rejects.toThrow();
      await expect(parsePack(pack.subarray(0, at))).rejects.toThrow();
    }
  });

  it('refuses more than its limits before it makes room for it', async () => {
    const data = Buffer.alloc(10_000_000);
    const { pack } = writePack([{ id: hashObject('blob', data), type: 'blob', data }]);
    await expect(parsePack(pack, { limits: { maxObjectBytes: 1000 } })).rejects.toThrow('an object of 10000000 bytes is larger than the 1000 allowed');
    await expect(parsePack(pack, { limits: { maxTotalBytes: 1000 } })).rejects.toThrow('more than the 1000 bytes allowed');
    await expect(parsePack(pack, { limits: { maxObjects: 0 } })).rejects.toThrow('holds 1 objects, at most 0');
  });
});

describe('PackIndex', () => {
  it('finds every object at its offset and nothing else', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{40}$/), { minLength: 2, maxLength: 60 }), ([missing, ...ids]) => {
      // Offsets beyond 2 GiB take another table.
      const places = ids.map((id, at) => ({ id, offset: 12 + at * 1_000_000_000, crc: at }));
      const index = new PackIndex(encodePackIndex(places, 'a'.repeat(40)));
      for (const place of places) expect(index.find(Buffer.from(place.id, 'hex'))).toBe(place.offset);
      expect(index.find(Buffer.from(missing!, 'hex'))).toBeUndefined();
      expect(index.verify()).toBe(true);
      expect(index.startingWith(ids[0]!, 2)).toEqual([ids[0]]);
    }));
  });
});
