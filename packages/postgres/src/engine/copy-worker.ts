/** The thread behind `tree-copier.ts`. Copies one tree at a time; syncing overlaps with the next copy. */
import { parentPort } from 'node:worker_threads';
import { copyTree, listTree, syncTree, type Tree } from './copy-tree.ts';
import type { CopyJob, CopyReply } from './tree-copier.ts';

const port = parentPort!;
const reply = (message: CopyReply): void => port.postMessage(message);
/** Templates never change once they are there. */
const trees = new Map<string, Tree>();

port.on('message', ({ id, from, to, owner }: CopyJob & { readonly id: number }) => {
  const failed = (error: unknown): void => reply({ id, stage: 'failed', message: (error as Error).message });
  try {
    let tree = trees.get(from);
    if (!tree) {
      tree = listTree(from);
      trees.set(from, tree);
    }
    copyTree(from, to, tree, owner);
    reply({ id, stage: 'copied' });
    syncTree(to, tree).then(() => reply({ id, stage: 'synced' }), failed);
  } catch (error) {
    failed(error);
  }
});
