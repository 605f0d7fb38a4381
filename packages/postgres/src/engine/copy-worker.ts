/** The thread behind `tree-copier.ts`. Copies one tree at a time; syncing overlaps with the next copy. */
import { parentPort } from 'node:worker_threads';
import { copyTree, listTree, syncTree, type Tree } from './copy-tree.ts';
import type { CopyOrder, CopyReply } from './tree-copier.ts';

const port = parentPort!;
/** Templates never change once they are there. */
const trees = new Map<string, Tree>();

port.on('message', (order: CopyOrder) => {
  const reply = (message: CopyReply): void => port.postMessage(message);
  const failed = (error: unknown): void => reply({ id: order.id, failure: (error as Error).message });
  try {
    if (order.type === 'sync') {
      syncTree(order.path, listTree(order.path)).then(() => reply({ id: order.id }), failed);
      return;
    }
    const tree = trees.get(order.from) ?? listTree(order.from);
    trees.set(order.from, tree);
    copyTree(order.from, order.to, tree, order.owner);
    reply({ id: order.id });
  } catch (error) {
    failed(error);
  }
});
