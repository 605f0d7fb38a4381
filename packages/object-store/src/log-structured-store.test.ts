import { describe, expect, test } from 'vitest';
import { LogStructuredStore, type Journal } from './log-structured-store.ts';

describe('LogStructuredStore', () => {
  test('shows nothing of a batch before the disk has it, and takes what comes meanwhile into the next one', async () => {
    const { store, disk } = openStore();
    const first = store.write({ key: '/a', value: bytes });
    await disk.asked(1);
    const seen: string[] = [];
    store.watch('/', 0, ({ key }) => seen.push(key));
    const others = ['/b', '/c'].map((key) => store.write({ key, value: bytes }));

    expect([store.get('/a'), store.revision, seen]).toEqual([undefined, 0, []]);
    disk.finish();
    expect(await first).toMatchObject({ ok: true, revision: 1 });
    await disk.asked(2);
    expect([store.revision, seen]).toEqual([1, ['/a']]);
    disk.finish();
    expect(await Promise.all(others)).toMatchObject([{ revision: 2 }, { revision: 3 }]);
    expect(seen).toEqual(['/a', '/b', '/c']);
    expect(disk.batches).toEqual([1, 2]);
  });

  test('takes no more writes when nobody knows whether the last one is on disk', async () => {
    const { store, disk } = openStore();
    const lost = store.write({ key: '/a', value: bytes });
    await disk.asked(1);
    const waiting = store.write({ key: '/b', value: bytes });
    disk.fail(new Error('EIO: i/o error, fdatasync'));

    await expect(lost).rejects.toThrow('failed to make 1 writes durable: EIO: i/o error, fdatasync');
    await expect(waiting).rejects.toThrow('EIO');
    await expect(store.write({ key: '/c', value: bytes })).rejects.toThrow('EIO');
    expect([store.get('/a'), store.revision]).toEqual([undefined, 0]);
  });

  test('brings what is under way to the disk before it closes', async () => {
    const { store, disk } = openStore();
    const first = store.write({ key: '/a', value: bytes });
    await disk.asked(1);
    const second = store.write({ key: '/b', value: bytes });
    const closed = store[Symbol.asyncDispose]();
    await expect(store.write({ key: '/c', value: bytes })).rejects.toThrow('closed');
    disk.finish();
    await first;
    await disk.asked(2);
    expect(disk.isClosed).toBe(false);
    disk.finish();
    expect(await second).toMatchObject({ ok: true });
    await closed;
    expect(disk.isClosed).toBe(true);
  });
});

const bytes = Buffer.from('x');

/** A store whose disk is done when the test says so. */
function openStore() {
  let current = Promise.withResolvers<void>();
  let asked = Promise.withResolvers<void>();
  const disk = {
    batches: [] as number[],
    isClosed: false,
    finish: () => current.resolve(),
    fail: (error: Error) => current.reject(error),
    asked: async (count: number) => {
      while (disk.batches.length < count) await asked.promise;
    },
  };
  const journal: Journal = {
    append: (events) => {
      current = Promise.withResolvers();
      disk.batches.push(events.length);
      asked.resolve();
      asked = Promise.withResolvers();
      return current.promise;
    },
    compact: () => {},
    close: () => void (disk.isClosed = true),
  };
  return { store: new LogStructuredStore(journal, { entries: [], events: [], compacted: 0, revision: 0 }), disk };
}
