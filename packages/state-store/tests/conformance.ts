import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { StateStoreChange, StateStoreFile, StateStoreWriter } from '../src/index.ts';

/** A store to test, empty, and another writer to the same one. */
export interface StoreUnderTest extends AsyncDisposable {
  open(): Promise<StateStoreWriter>;
}

/** What every {@link StateStoreWriter} must do, whatever it writes to. `isFlat`: it knows no folders, so a name can be a file and a folder. */
export function stateStoreConformance(name: string, start: () => Promise<StoreUnderTest>, { isFlat = false }: { readonly isFlat?: boolean } = {}): void {
  describe(`${name} as a state store`, () => {
    it('begins empty, takes files and gives them back, to another writer too', async () => {
      await using store = await start();
      await using writer = await store.open();
      expect(await writer.list('')).toEqual([]);
      expect(await writer.read('a')).toBeUndefined();
      expect(await writer.write(files({ 'b/c.txt': 'c', a: 'a' }))).toMatchObject({ outcome: 'written', versionId: expect.stringMatching(/./) });
      await using other = await store.open();
      expect(await other.list('')).toEqual(['a', 'b/c.txt']);
      expect(await other.list('b')).toEqual(['b/c.txt']);
      expect(text(await other.read('b/c.txt'))).toBe('c');
    });

    it('writes nothing when everything is there already', async () => {
      await using store = await start();
      await using writer = await store.open();
      const first = await writer.write(directory('d/5058f', { a: '1', 'x/b': '2' }));
      expect(await writer.write(directory('d/5058f', { a: '1', 'x/b': '2' }))).toMatchObject({ outcome: 'unchanged', versionId: versionOf(first) });
      await using other = await store.open();
      expect(await other.write(directory('d/5058f', { 'x/b': '2', a: '1' }))).toMatchObject({ outcome: 'unchanged' });
      expect(await other.write({ name: 'x', action: { type: 'files', put: [], delete: ['nowhere/to/be/seen'] } })).toMatchObject({ outcome: 'unchanged' });
      expect(await other.write(directory('not/there', {}))).toMatchObject({ outcome: 'unchanged' });
    });

    it('makes a directory hold exactly what it was given, and nothing beside it', async () => {
      await using store = await start();
      await using writer = await store.open();
      await writer.write(directory('p/a/5058f', { old: '1', 'deep/er/old': '1', kept: '1' }));
      await writer.write(directory('p/b/5058f', { other: '1' }));
      await writer.write(directory('p/a/5058f', { kept: '1', fresh: '2' }));
      expect(await writer.list('')).toEqual(['p/a/5058f/fresh', 'p/a/5058f/kept', 'p/b/5058f/other']);
      await writer.write(directory('p/a/5058f', {}));
      expect(await writer.list('')).toEqual(['p/b/5058f/other']);
      await writer.write(directory('p/b/5058f', {}));
      expect(await writer.list('')).toEqual([]);
    });

    it('remembers in an index which files are a placement\'s, wherever they lie', async () => {
      await using store = await start();
      await using writer = await store.open();
      await writer.write(files({ 'd/shared': 'not mine' }));
      await writer.write(indexed('d/.kratix/ns-wp.yaml', { 'd/a': '1', 'd/b/c': '1' }));
      // A writer that has seen none of it must find the index in the store.
      await using other = await store.open();
      await other.write(indexed('d/.kratix/ns-wp.yaml', { 'd/b/c': '2', 'd/e': '1' }));
      expect(await other.list('')).toEqual(['d/.kratix/ns-wp.yaml', 'd/b/c', 'd/e', 'd/shared']);
      expect(text(await other.read('d/.kratix/ns-wp.yaml'))).toBe('files:\n- d/b/c\n- d/e\n');
      await writer.write(indexed('d/.kratix/ns-wp.yaml', {}));
      expect(await writer.list('')).toEqual(['d/shared']);
    });

    it('leaves a file to the placement that wrote it first, until that lets go', async () => {
      await using store = await start();
      await using writer = await store.open();
      const [one, two] = ['d/.kratix/ns-one.yaml', 'd/.kratix/ns-two.yaml'];
      await writer.write(indexed(one, { 'd/a': '1', 'd/b': '1' }));
      const refused = { outcome: 'failed', error: { reason: 'conflict', message: expect.stringMatching(/cannot write \S*d\/b: it belongs to the placement ns-one, which wrote it first/) } };
      await using other = await store.open();
      expect(await other.write(indexed(two, { 'd/b': '2', 'd/c': '2' }))).toMatchObject(refused);
      expect(await writer.write(indexed(two, { 'd/b': '2', 'd/c': '2' }))).toMatchObject(refused);
      expect(await writer.list('')).toEqual([one, 'd/a', 'd/b']);
      // In one go as well, in the order of the changes.
      const outcomes = await writer.writeAll([indexed(two, { 'd/b': '2', 'd/c': '2' }), indexed(one, { 'd/a': '1' }), indexed(two, { 'd/b': '2', 'd/c': '2' })]);
      expect(outcomes.map((each) => each.outcome)).toEqual(['failed', 'written', 'written']);
      expect(text(await writer.read('d/b'))).toBe('2');
      // A file of nobody may be replaced.
      await writer.write(files({ 'd/stray': 'x' }));
      expect(await writer.write(indexed(one, { 'd/a': '1', 'd/stray': '1' }))).toMatchObject({ outcome: 'written' });
    });

    it('gives each change of many its own outcome, and the bad ones do no harm', async () => {
      await using store = await start();
      await using writer = await store.open();
      await writer.write(files({ file: 'x' }));
      const outcomes = await writer.writeAll([
        directory('d/one', { a: '1' }),
        files({ '../escape': 'x' }),
        isFlat ? files({ '.git/config': 'x' }) : files({ 'file/below': 'x' }),
        files({ same: 'x', 'same/below': 'x' }),
        directory('d/two', { a: '2' }),
        files({ file: 'x' }),
        { name: 'outside', action: { type: 'directory', directory: 'd/three', files: [{ path: 'd/four/a', content: Buffer.from('x') }] } },
      ]);
      expect(outcomes.map((each) => (each.outcome === 'failed' ? each.error.reason : each.outcome))).toEqual(['written', 'invalid', 'invalid', 'invalid', 'written', 'unchanged', 'invalid']);
      expect(outcomes.filter((each) => each.outcome === 'failed').map((each) => each.error.shouldRetry())).toEqual([false, false, false, false]);
      expect(await writer.list('')).toEqual(['d/one/a', 'd/two/a', 'file']);
    });

    it('lets changes to the same paths take effect in the order of the calls', async () => {
      await using store = await start();
      await using writer = await store.open();
      const writes = Array.from({ length: 30 }, (_, at) => writer.write(directory('d', at % 7 === 6 ? {} : { [`f${at % 3}`]: `${at}` })));
      await Promise.all(writes);
      expect(await writer.list('')).toEqual(['d/f2']);
      expect(text(await writer.read('d/f2'))).toBe('29');
    });

    it('answers everybody who asks for the very same change', async () => {
      await using store = await start();
      await using writer = await store.open();
      const [good, bad] = [directory('d', { a: '1' }), files({ '../escape': 'x' })];
      const outcomes = await writer.writeAll([good, good, bad, bad]);
      expect(outcomes.map((each) => each.outcome)).toEqual([expect.stringMatching(/written|unchanged/), expect.stringMatching(/written|unchanged/), 'failed', 'failed']);
    });

    it('lets two writers work on one store without losing a change', async () => {
      await using store = await start();
      await using one = await store.open();
      await using two = await store.open();
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : two).write(directory(`d/${at}`, { f: `${at}` }))));
      expect(outcomes.map((each) => each.outcome)).toEqual(outcomes.map(() => 'written'));
      expect(await one.list('')).toHaveLength(20);
      expect(await two.list('')).toHaveLength(20);
    });

    it('leaves nothing behind at the signal of a caller that lives on', async () => {
      await using store = await start();
      await using writer = await store.open();
      const { signal } = new AbortController();
      await writer.write(files({ a: '1' }), { signal });
      expect([text(await writer.read('a', { signal })), await writer.list('', { signal })]).toEqual(['1', ['a']]);
      await writer.probe({ signal });
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    });

    it('gives up when it is told to, and when it is closed', async () => {
      await using store = await start();
      const writer = await store.open();
      const stop = new AbortController();
      const given = writer.write(files({ a: '1' }), { signal: stop.signal });
      stop.abort();
      expect(await given).toMatchObject({ outcome: 'failed', error: { reason: 'aborted' } });
      const late = writer.write(files({ b: '1' }));
      await writer[Symbol.asyncDispose]();
      expect(['failed', 'written']).toContain((await late).outcome);
      expect(await writer.write(files({ c: '1' }))).toMatchObject({ outcome: 'failed', error: { reason: 'aborted' } });
    });

    it('can be probed without leaving a trace', async () => {
      await using store = await start();
      await using writer = await store.open();
      await writer.probe();
      expect(await writer.list('')).toEqual([]);
    });
  });
}

export function files(put: Readonly<Record<string, string>>, name = 'some-files'): StateStoreChange {
  return { name, action: { type: 'files', put: contents(put), delete: [] } };
}

export function directory(path: string, below: Readonly<Record<string, string>>, name = `wp-${path.replaceAll('/', '-')}`): StateStoreChange {
  return { name, action: { type: 'directory', directory: path, files: contents(Object.fromEntries(Object.entries(below).map(([file, content]) => [`${path}/${file}`, content]))) } };
}

export function indexed(index: string, put: Readonly<Record<string, string>>): StateStoreChange {
  return { name: 'indexed', action: { type: 'indexed', index, files: contents(put) } };
}

function contents(put: Readonly<Record<string, string>>): StateStoreFile[] {
  return Object.entries(put).map(([path, content]) => ({ path, content: new TextEncoder().encode(content) }));
}

export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes);
}

export function versionOf(outcome: { readonly outcome: string; readonly versionId?: string }): string | undefined {
  return outcome.versionId;
}
