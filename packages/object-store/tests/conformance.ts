import { describe, expect, it } from 'vitest';
import { RevisionError, type ObjectStore, type StoreEvent } from '../src/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);

/** What every store must do, whatever it is made of. */
export function storeConformance(name: string, open: () => Promise<ObjectStore>): void {
  describe(`${name} as an object store`, () => {
    it('gives each write the next revision, across keys', async () => {
      await using store = await open();
      const first = await store.write({ key: '/a', value: bytes('1') });
      const second = await store.write({ key: '/b', value: bytes('1') });
      const third = await store.write({ key: '/a', value: bytes('2') });
      expect([first, second, third].map((result) => result.ok && result.revision)).toEqual([1, 2, 3]);
      expect(store.get('/a')).toMatchObject({ createRevision: 1, revision: 3 });
    });

    it('refuses a write that expects another revision, and says what stands there', async () => {
      await using store = await open();
      await store.write({ key: '/a', value: bytes('1'), expectedRevision: 0 });
      const again = await store.write({ key: '/a', value: bytes('2'), expectedRevision: 0 });
      expect(again.ok).toBe(false);
      expect(!again.ok && text(again.current!.value)).toBe('1');
      expect(store.revision).toBe(1);
    });

    it('lets only one of many concurrent writers win', async () => {
      await using store = await open();
      await store.write({ key: '/a', value: bytes('0') });
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => store.write({ key: '/a', value: bytes(String(i)), expectedRevision: 1 })));
      expect(results.filter((result) => result.ok)).toHaveLength(1);
    });

    it('does not show a write before it is durable', async () => {
      await using store = await open();
      const written = store.write({ key: '/a', value: bytes('1') });
      expect(store.get('/a')).toBeUndefined();
      await written;
      expect(store.get('/a')).toBeDefined();
    });

    it('treats deleting what is not there as done', async () => {
      await using store = await open();
      expect(await store.write({ key: '/a', value: undefined })).toMatchObject({ ok: true, previous: undefined });
      expect(store.revision).toBe(0);
    });

    it('lists a prefix in key order, page by page, as of one revision', async () => {
      await using store = await open();
      for (const key of ['/p/c', '/p/a', '/q/x', '/p/b', '/p/d']) await store.write({ key, value: bytes(key) });
      const first = store.list('/p/', { limit: 2 });
      expect(first.entries.map((entry) => entry.key)).toEqual(['/p/a', '/p/b']);
      expect(first.remaining).toBe(2);
      await store.write({ key: '/p/c', value: undefined });
      await store.write({ key: '/p/cc', value: bytes('new') });
      await store.write({ key: '/p/d', value: bytes('changed') });
      const second = store.list('/p/', { limit: 5, after: first.next!, atRevision: first.revision });
      expect(second.entries.map((entry) => [entry.key, text(entry.value)])).toEqual([['/p/c', '/p/c'], ['/p/d', '/p/d']]);
      expect(store.list('/p/').entries.map((entry) => entry.key)).toEqual(['/p/a', '/p/b', '/p/cc', '/p/d']);
    });

    it('replays to a watcher what it missed, then follows, in order', async () => {
      await using store = await open();
      await store.write({ key: '/p/a', value: bytes('1') });
      await store.write({ key: '/q/a', value: bytes('1') });
      await store.write({ key: '/p/a', value: bytes('2') });
      const seen: StoreEvent[] = [];
      const stop = store.watch('/p/', 1, (event) => seen.push(event));
      await store.write({ key: '/p/a', value: undefined });
      stop();
      await store.write({ key: '/p/a', value: bytes('3') });
      expect(seen.map((event) => [event.type, event.revision, event.previous?.revision])).toEqual([['put', 3, 1], ['delete', 4, 3]]);
    });

    it('refuses to watch or list from before a compaction, or from the future', async () => {
      await using store = await open();
      for (let i = 0; i < 5; i++) await store.write({ key: '/a', value: bytes(String(i)) });
      await store.compact(3);
      expect(() => store.watch('/', 2, () => {})).toThrow(RevisionError);
      expect(() => store.list('/', { atRevision: 2 })).toThrow('revision 2 is compacted, oldest is 3');
      expect(() => store.watch('/', 6, () => {})).toThrow('revision 6 is in the future');
      expect(text(store.list('/', { atRevision: 3 }).entries[0]!.value)).toBe('2');
    });

    it('tells of each new revision', async () => {
      await using store = await open();
      const seen: number[] = [];
      const stop = store.onRevision((revision) => seen.push(revision));
      await store.write({ key: '/a', value: bytes('1') });
      stop();
      await store.write({ key: '/a', value: bytes('2') });
      expect(seen).toEqual([1]);
    });
  });
}
