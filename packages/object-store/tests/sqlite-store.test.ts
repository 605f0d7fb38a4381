import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { openSqliteStore, StoreUnusableError, type StoreEvent } from '../src/index.ts';
import { storeConformance } from './conformance.ts';

const folder = mkdtempSync(join(tmpdir(), 'plinth-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const newFile = (): string => join(folder, `${count++}.db`);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

storeConformance('the SQLite store', async () => openSqliteStore({ file: newFile(), mode: 'create' }));

/** How opening fails. */
function refusal(file: string): StoreUnusableError {
  try {
    openSqliteStore({ file, mode: 'open' });
  } catch (error) {
    if (error instanceof StoreUnusableError) return error;
    throw error;
  }
  throw new Error('it opened');
}

describe(openSqliteStore, () => {
  it('finds entries, revision and history again', async () => {
    const file = newFile();
    {
      await using store = openSqliteStore({ file, mode: 'create' });
      await store.write({ key: '/a', value: bytes('1') });
      await store.write({ key: '/b', value: bytes('1') });
      await store.write({ key: '/a', value: bytes('2') });
      await store.write({ key: '/b', value: undefined });
      await store.compact(2);
    }
    await using store = openSqliteStore({ file, mode: 'open' });
    expect(store.revision).toBe(4);
    expect(store.get('/a')).toMatchObject({ createRevision: 1, revision: 3 });
    expect(store.get('/b')).toBeUndefined();
    const seen: StoreEvent[] = [];
    store.watch('/', 2, (event) => seen.push(event))();
    expect(seen.map((event) => [event.type, event.key, event.revision, event.previous?.revision])).toEqual([
      ['put', '/a', 3, 1],
      ['delete', '/b', 4, 2],
    ]);
    expect(() => store.watch('/', 1, () => {})).toThrow('compacted');
  });

  it('keeps the revision when the last event was a compacted delete', async () => {
    const file = newFile();
    {
      await using store = openSqliteStore({ file, mode: 'create' });
      await store.write({ key: '/a', value: bytes('1') });
      await store.write({ key: '/a', value: undefined });
      await store.compact(2);
    }
    await using store = openSqliteStore({ file, mode: 'open' });
    expect(store.revision).toBe(2);
  });

  it('holds the same as before after any history of writes, compactions and restarts', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), key: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ do: fc.constant('delete' as const), key: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ do: fc.constant('compact' as const), key: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ do: fc.constant('reopen' as const), key: fc.constant(0) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const file = newFile();
        let store = openSqliteStore({ file, mode: 'create' });
        const model = new Map<string, string>();
        for (const [index, { do: what, key }] of steps.entries()) {
          if (what === 'put') {
            await store.write({ key: `/${key}`, value: bytes(String(index)) });
            model.set(`/${key}`, String(index));
          } else if (what === 'delete') {
            await store.write({ key: `/${key}`, value: undefined });
            model.delete(`/${key}`);
          } else if (what === 'compact') {
            await store.compact(key);
          } else {
            await store[Symbol.asyncDispose]();
            store = openSqliteStore({ file, mode: 'open' });
          }
        }
        const found = store.list('/').entries.map((entry) => [entry.key, new TextDecoder().decode(entry.value)]);
        await store[Symbol.asyncDispose]();
        expect(found).toEqual([...model].sort());
      }),
      { numRuns: 40 },
    );
  });

  it('brings what a crash left in the log to the database before it shows it', async () => {
    const [file, crashed, database] = [newFile(), newFile(), newFile()];
    await using store = openSqliteStore({ file, mode: 'create' });
    await store.write({ key: '/a', value: bytes('1') });
    for (const end of ['', '-wal']) copyFileSync(file + end, crashed + end);
    expect(statSync(`${crashed}-wal`).size).toBeGreaterThan(0);
    await using again = openSqliteStore({ file: crashed, mode: 'open' });
    expect(again.revision).toBe(1);
    copyFileSync(crashed, database);
    await using alone = openSqliteStore({ file: database, mode: 'open' });
    expect(alone.get('/a')).toMatchObject({ revision: 1 });
    expect(await again.write({ key: '/a', value: bytes('2') })).toMatchObject({ revision: 2 });
  });

  it('writes through a link to the file', async () => {
    const [file, link] = [newFile(), newFile()];
    await openSqliteStore({ file, mode: 'create' })[Symbol.asyncDispose]();
    symlinkSync(file, link);
    await using store = openSqliteStore({ file: link, mode: 'open' });
    expect(await store.write({ key: '/a', value: bytes('1') })).toMatchObject({ ok: true, revision: 1 });
    expect(await store.write({ key: '/a', value: bytes('2') })).toMatchObject({ ok: true, revision: 2 });
  });

  it('refuses a file that is missing, without making one', () => {
    expect(refusal(join(folder, 'none.db')).message).toBe(`cannot open the object store ${join(folder, 'none.db')}: the file is missing`);
    expect(refusal(join(folder, 'none.db')).reason).toBe('missing');
  });

  it('refuses a file that lost its content, and leaves it as it is', () => {
    const file = newFile();
    writeFileSync(file, '');
    expect(refusal(file)).toMatchObject({ reason: 'damaged', message: `cannot open the object store ${file}: it is empty` });
    expect(statSync(file).size).toBe(0);
  });

  it('refuses a file that is no database', () => {
    const file = newFile();
    writeFileSync(file, 'hello, I am a text file of some length, longer than a header of one hundred bytes would be, surely');
    expect(refusal(file)).toMatchObject({ reason: 'damaged', file });
  });

  it('refuses a file of a newer version', async () => {
    const file = newFile();
    await openSqliteStore({ file, mode: 'create' })[Symbol.asyncDispose]();
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(refusal(file).message).toContain('written by a newer Plinth (format 99');
  });

  it('refuses a value that was changed behind its back', async () => {
    const file = newFile();
    {
      await using store = openSqliteStore({ file, mode: 'create' });
      await store.write({ key: '/a', value: bytes('precious-value') });
    }
    const content = readFileSync(file);
    content.write('PRECIOUS', content.indexOf('precious-value'));
    writeFileSync(file, content);
    expect(refusal(file).message).toContain('the value of /a at revision 1 does not match its checksum');
  });

  it('refuses a second process', async () => {
    const file = newFile();
    await using store = openSqliteStore({ file, mode: 'create' });
    await store.write({ key: '/a', value: bytes('1') });
    expect(refusal(file).reason).toBe('in-use');
  });

  it('has every acknowledged write after kill -9', async () => {
    const file = newFile();
    const writer = spawn(process.execPath, [fileURLToPath(new URL('./fixtures/endless-writer.ts', import.meta.url)), file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let acknowledged = 0;
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Number(line);
      if (acknowledged >= 200) break;
    }
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    await using store = openSqliteStore({ file, mode: 'open' });
    expect(store.revision).toBeGreaterThanOrEqual(acknowledged);
    expect(store.get(`/k/${acknowledged}`)).toBeDefined();
  });
});
