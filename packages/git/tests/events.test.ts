import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startGitServer, subscribeRefUpdates, zeroId } from '../src/index.ts';
import type { RefUpdate } from '../src/index.ts';
import { credentials, git, startWorld } from './helpers.ts';
import { startHttpBackend } from './http-backend.ts';

describe('subscribeRefUpdates', () => {
  it('tells where the refs are, then each push as it happens, deletions too', async () => {
    await using world = await startWorld({ repositories: [{ owner: 'o', name: 'r', initialFiles: { a: 'a' } }] });
    const work = join(world.folder, 'work');
    await git(world.folder, 'clone', '-q', world.pushUrl, work);
    const first = (await git(work, 'rev-parse', 'main')).trim();
    using stop = stopper();
    const updates = subscribeRefUpdates({ url: world.url, signal: stop.signal });
    const seenInProcess: RefUpdate[] = [];
    world.server.onRefUpdate((update) => seenInProcess.push(update));
    expect(await next(updates)).toEqual({ ref: 'refs/heads/main', old: zeroId, new: first });

    await git(work, 'commit', '-q', '--allow-empty', '-m', 'two');
    await git(work, 'push', '-q', 'origin', 'main');
    const second = (await git(work, 'rev-parse', 'main')).trim();
    expect(await next(updates)).toEqual({ ref: 'refs/heads/main', old: first, new: second });
    await git(work, 'push', '-q', 'origin', 'main:side');
    expect(await next(updates)).toEqual({ ref: 'refs/heads/side', old: zeroId, new: second });
    await git(work, 'push', '-q', 'origin', ':side');
    expect(await next(updates)).toEqual({ ref: 'refs/heads/side', old: second, new: zeroId });
    expect(seenInProcess.map((update) => update.ref)).toEqual(['refs/heads/main', 'refs/heads/side', 'refs/heads/side']);
  });

  it('comes back after the server was away and tells what it missed, once', async () => {
    await using world = await startWorld();
    const dataDir = join(world.folder, 'moving');
    const options = { dataDir, credentials: [credentials], repositories: [{ owner: 'o', name: 'r', initialFiles: { a: 'a' } }] };
    const server = await startGitServer(options);
    using stop = stopper();
    const updates = subscribeRefUpdates({ url: `${server.url}/o/r`, signal: stop.signal, retryMs: 5 });
    const first = await next(updates);
    await server[Symbol.asyncDispose]();
    const bare = join(dataDir, 'o', 'r.git');
    await git(bare, 'update-ref', 'refs/heads/meanwhile', first.new);
    await using again = await startGitServer({ ...options, port: server.port });
    expect(await next(updates)).toEqual({ ref: 'refs/heads/meanwhile', old: zeroId, new: first.new });
    expect(again.port).toBe(server.port);
  });

  it('yields nothing, quietly, on a server that offers no events', async () => {
    await using world = await startWorld();
    await using stock = await startHttpBackend(join(world.folder, 'data', 'o'));
    const seen: RefUpdate[] = [];
    for await (const update of subscribeRefUpdates({ url: `${stock.url}/r.git`, signal: AbortSignal.timeout(5000) })) seen.push(update);
    expect(seen).toEqual([]);
  });

  it('ends when it is told to, also while it waits', async () => {
    await using world = await startWorld();
    const stop = new AbortController();
    const updates = subscribeRefUpdates({ url: world.url, signal: stop.signal });
    const waiting = updates.next();
    stop.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});

async function next(updates: AsyncGenerator<RefUpdate>): Promise<RefUpdate> {
  const result = await updates.next();
  if (result.done) throw new Error('the stream ended');
  return result.value;
}

function stopper(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  return { signal: controller.signal, [Symbol.dispose]: () => controller.abort() };
}
