import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildTree, encodeCommit, GitRemote, hashObject, signature, zeroId } from '../src/index.ts';
import type { PushObject } from '../src/index.ts';
import { fsck, git, startWorld } from './helpers.ts';

it('keeps every acknowledged push, and the repository whole, however often it is killed', { timeout: 60_000 }, async () => {
  await using world = await startWorld();
  const dataDir = join(world.folder, 'killed');
  const acknowledged: string[] = [];
  let head = zeroId;
  let port = 0;
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'server-process.ts'), dataDir, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      port = Number(String((await once(child.stdout, 'data'))[0]));
      using remote = new GitRemote({ url: `http://127.0.0.1:${port}/o/r`, auth: { username: 'u', password: 'p' }, timeoutMs: 5000 });
      // A push whose answer got lost may have arrived: that is for the next round to find out.
      head = (await remote.lsRefs({ prefixes: ['refs/heads/main'] }))[0]?.id ?? zeroId;
      // Somewhere within a push, each round at another place.
      const moment = setTimeout(() => child.kill('SIGKILL'), 20 + round * 9);
      for (let at = 0; child.exitCode === null && child.signalCode === null; at++) {
        const next = commit(head, `${round}-${at}`);
        const outcome = await remote.push({ updates: [{ ref: 'refs/heads/main', old: head, new: next.id }], objects: next.objects }).catch(() => undefined);
        if (!outcome?.[0]?.ok) break;
        head = next.id;
        acknowledged.push(next.id);
      }
      clearTimeout(moment);
    } finally {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    const bare = join(dataDir, 'o', 'r.git');
    await fsck(bare);
    const history = new Set((await git(bare, 'rev-list', '--all')).trim().split('\n'));
    for (const id of acknowledged) expect(history).toContain(id);
  }
  expect(acknowledged.length).toBeGreaterThan(6);
});

function commit(parent: string, text: string): { readonly id: string; readonly objects: readonly PushObject[] } {
  const { tree, objects } = buildTree([{ path: 'file', content: Buffer.from(text) }]);
  const who = signature('a', 'a@example.org', new Date());
  const data = encodeCommit({ tree, parents: parent === zeroId ? [] : [parent], author: who, committer: who, message: `${text}\n` });
  const id = hashObject('commit', data);
  return { id, objects: [{ id, type: 'commit', data }, ...objects.flatMap((object) => ('data' in object ? [object] : []))] };
}
