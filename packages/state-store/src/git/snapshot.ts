import { decodeCommit, decodeTree, emptyTreeId, GitRemote, IndexedTree } from '@plinth/git';
import type { ObjectId, ParsedPack } from '@plinth/git';
import { StateStoreError } from '../errors.ts';

/** Where the branch stands. `commit` undefined: the repository is empty. */
export interface Snapshot {
  readonly commit: ObjectId | undefined;
  readonly root: ObjectId;
}

const emptySnapshot: Snapshot = { commit: undefined, root: emptyTreeId };

/** Dead tree bytes to gather before they are swept away. */
const sweepFromBytes = 32 * 1024 * 1024;

/** Bytes of files that are kept because they were read, or written by us and may be read back. */
const keepBlobBytes = 4 * 1024 * 1024;

/** All trees of one branch in memory, and none of its files: what a write needs to know, kept in step with the server. */
export class BranchTrees {
  readonly #remote: GitRemote;
  readonly #branch: string;
  readonly #trees = new Map<ObjectId, IndexedTree>([[emptyTreeId, IndexedTree.empty]]);
  readonly #blobs = new Map<ObjectId, Buffer>();
  #blobBytes = 0;
  #dead = 0;
  #snapshot: Snapshot | undefined;

  constructor(remote: GitRemote, branch: string) {
    this.#remote = remote;
    this.#branch = branch;
  }

  /** As far as is known; undefined before the first {@link refresh} and after {@link forget}. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** Asks where the branch stands and fetches the trees that are new. */
  async refresh(signal: AbortSignal): Promise<Snapshot> {
    const ref = `refs/heads/${this.#branch}`;
    const refs = await this.#remote.lsRefs({ prefixes: [ref], signal });
    const commit = refs.find((each) => each.name === ref)?.id;
    if (commit === undefined) return this.#withoutBranch(signal);
    if (this.#snapshot?.commit === commit) return this.#snapshot;
    const held = this.#snapshot?.commit;
    const { pack } = await this.#remote.fetch({ wants: [commit], depth: 1, filter: 'blob:none', signal, ...(held === undefined ? {} : { haves: [held], shallow: [held], base: (id) => this.#base(id) }) });
    for (const { id, type } of pack?.places ?? []) if (type === 'tree') this.#trees.set(id, IndexedTree.of(Buffer.from(pack!.read(id)!.data)));
    const found = pack?.read(commit);
    if (!found) {
      // The server believes that we have it, as after a branch went back: begin anew.
      if (held === undefined) throw new StateStoreError('failed', `the server did not send commit ${commit} of branch ${this.#branch}`);
      this.#snapshot = undefined;
      return this.refresh(signal);
    }
    this.#snapshot = { commit, root: decodeCommit(found.data).tree };
    if (!this.#sweep()) {
      if (held === undefined) throw new StateStoreError('failed', `the server did not send all trees of commit ${commit} of branch ${this.#branch}`);
      this.#snapshot = undefined;
      return this.refresh(signal);
    }
    return this.#snapshot;
  }

  /** After a push that the server took. `replaced`: bytes of trees that are no longer part of it. */
  advance(snapshot: Snapshot, added: ReadonlyMap<ObjectId, IndexedTree>, replaced: number): void {
    for (const [id, tree] of added) this.#trees.set(id, tree);
    this.#snapshot = snapshot;
    this.#dead += replaced;
    if (this.#dead > sweepFromBytes) this.#sweep();
  }

  tree(id: ObjectId): IndexedTree {
    const tree = this.#trees.get(id);
    if (!tree) throw new StateStoreError('failed', `tree ${id} of branch ${this.#branch} is not known`);
    return tree;
  }

  /** The bytes of files, in the order of the ids; those that are not here are fetched at once. */
  async blobs(ids: readonly ObjectId[], signal: AbortSignal): Promise<readonly Buffer[]> {
    const found = new Map(ids.map((id) => [id, this.#blobs.get(id)]));
    const missing = [...found].filter(([, data]) => data === undefined).map(([id]) => id);
    const take = (pack: ParsedPack | undefined): void => {
      for (const id of missing) {
        const data = pack?.read(id)?.data;
        if (data) found.set(id, data);
      }
    };
    const commit = this.#snapshot?.commit;
    if (missing.length > 0) {
      try {
        take((await this.#remote.fetch({ wants: missing, signal })).pack);
      } catch (error) {
        // Some servers give out commits alone: take everything, then.
        if (commit === undefined) throw error;
      }
      if (commit !== undefined && missing.some((id) => !found.get(id))) take((await this.#remote.fetch({ wants: [commit], depth: 1, signal })).pack);
    }
    return ids.map((id) => {
      const data = found.get(id);
      if (!data) throw new StateStoreError('failed', `the server did not send blob ${id}`);
      this.keepBlob(id, data);
      return data;
    });
  }

  keepBlob(id: ObjectId, data: Buffer): void {
    if (this.#blobs.has(id) || data.length > keepBlobBytes / 4) return;
    this.#blobs.set(id, data);
    this.#blobBytes += data.length;
    for (const [oldest, bytes] of this.#blobs) {
      if (this.#blobBytes <= keepBlobBytes) break;
      this.#blobs.delete(oldest);
      this.#blobBytes -= bytes.length;
    }
  }

  #base(id: ObjectId): { readonly type: 'tree' | 'blob'; readonly data: Buffer } | undefined {
    const tree = this.#trees.get(id);
    if (tree) return { type: 'tree', data: tree.data };
    const data = this.#blobs.get(id);
    return data && { type: 'blob', data };
  }

  /** An empty repository is a fine beginning; one that holds other branches is a mistake in the configuration. */
  async #withoutBranch(signal: AbortSignal): Promise<Snapshot> {
    const branches = (await this.#remote.lsRefs({ prefixes: ['refs/heads/'], signal })).map((ref) => ref.name.slice('refs/heads/'.length));
    if (branches.includes(this.#branch)) return this.refresh(signal);
    if (branches.length > 0) {
      throw new StateStoreError('not-found', `${this.#remote.url} has no branch ${JSON.stringify(this.#branch)}, it has: ${branches.slice(0, 5).join(', ')}`, { hint: 'create the branch, or correct spec.branch' });
    }
    this.#snapshot = emptySnapshot;
    return emptySnapshot;
  }

  /** Keeps what the branch's tree reaches; false if a part of that is missing. */
  #sweep(): boolean {
    const live = new Map<ObjectId, IndexedTree>([[emptyTreeId, IndexedTree.empty]]);
    const open = [this.#snapshot?.root ?? emptyTreeId];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (live.has(id)) continue;
      const tree = this.#trees.get(id);
      if (!tree) return false;
      live.set(id, tree);
      for (const entry of decodeTree(tree.data)) if (entry.mode === '40000') open.push(entry.id);
    }
    this.#trees.clear();
    for (const [id, tree] of live) this.#trees.set(id, tree);
    this.#dead = 0;
    return true;
  }
}
