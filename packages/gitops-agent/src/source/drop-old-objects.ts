import { setImmediate as immediate } from 'node:timers/promises';
import { decodeCommit, decodeTree, writePack, type ObjectDatabase } from '@plinth/git';

/** Written between two turns of the event loop: a few tens of milliseconds. */
const OBJECTS_PER_PACK = 300;
const TREES_PER_TURN = 200;

/**
 * Forgets what belongs to earlier revisions only. What the commits need is copied into new packs, then the packs that were
 * there before go; readers of these commits never miss an object. Packs that come meanwhile stay.
 *
 * Assumptions: nobody reads any other commit, and fetches promise the server no more than these (`shallow`).
 */
export async function dropOldObjects(objects: ObjectDatabase, commits: readonly string[]): Promise<void> {
  const before = [...objects.packs];
  const live = [...(await reachable(objects, commits))];
  const written = new Set<string>();
  for (let at = 0; at < live.length; at += OBJECTS_PER_PACK) {
    const inputs = live.slice(at, at + OBJECTS_PER_PACK).flatMap((id) => {
      const object = objects.read(id);
      if (!object) throw new Error(`object ${id} is not there; nothing was dropped`);
      return [{ id, type: object.type, data: object.data }];
    });
    const pack = writePack(inputs);
    await objects.addPack(pack.parts, pack.places, pack.checksum);
    written.add(pack.checksum);
    await immediate();
  }
  await objects.removePacks(before.filter(({ base }) => !written.has(base.slice(-40))));
}

async function reachable(objects: ObjectDatabase, commits: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const trees: string[] = [];
  for (const commit of commits) {
    found.add(commit);
    trees.push(decodeCommit(objects.readAs('commit', commit)).tree);
  }
  for (let walked = 0; trees.length > 0; walked += 1) {
    const id = trees.pop()!;
    if (found.has(id)) continue;
    found.add(id);
    for (const { id: child, mode } of decodeTree(objects.readAs('tree', id))) {
      if (mode === '40000') trees.push(child);
      else if (mode !== '160000') found.add(child);
    }
    if (walked % TREES_PER_TURN === 0) await immediate();
  }
  return found;
}
