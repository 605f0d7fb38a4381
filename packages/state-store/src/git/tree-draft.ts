import { buildTree, decodeTree, diffTrees, hashObject, IndexedTree } from '@plinth/git';
import type { ObjectId, PushObject, TreeMode } from '@plinth/git';
import { StateStoreError } from '../errors.ts';
import type { StateStoreFile } from '../writer.ts';

interface Leaf {
  readonly mode: TreeMode;
  readonly id: ObjectId;
}

interface Folder {
  /** The folder as the branch has it; undefined for a new one. */
  readonly base: ObjectId | undefined;
  readonly edits: Map<string, Leaf | Folder | undefined>;
}

/** What a draft came to. */
export interface FinishedDraft {
  readonly root: ObjectId;
  readonly objects: readonly PushObject[];
  readonly trees: ReadonlyMap<ObjectId, IndexedTree>;
  /** Bytes of trees that others took the place of. */
  readonly replacedBytes: number;
}

/**
 * Changes to a tree that have not been hashed yet: many changes below one large folder cost one new version of that folder.
 * Each method says whether it changed anything. Folders that become empty vanish.
 */
export class TreeDraft {
  readonly #tree: (id: ObjectId) => IndexedTree;
  readonly #root: Folder;
  readonly #blobs = new Map<ObjectId, Buffer>();
  readonly #trees = new Map<ObjectId, { readonly tree: IndexedTree; readonly base: ObjectId | undefined }>();
  #replaced = 0;

  constructor(root: ObjectId, tree: (id: ObjectId) => IndexedTree) {
    this.#tree = (id) => this.#trees.get(id)?.tree ?? tree(id);
    this.#root = { base: root, edits: new Map() };
  }

  /** The file or folder at a path; folders with their id as it would be now. */
  find(path: string): Leaf | undefined {
    const { folder, name } = this.#parent(path, false) ?? {};
    if (!folder || name === undefined) return undefined;
    const entry = this.#child(folder, name);
    if (!entry || 'id' in entry) return entry;
    const id = this.#settle(folder, name, entry);
    return id === undefined ? undefined : { mode: '40000', id };
  }

  /** The files in a folder, not those below it. */
  files(path: string): readonly { readonly name: string; readonly id: ObjectId }[] {
    const found = this.find(path);
    return found?.mode === '40000' ? decodeTree(this.#tree(found.id).data).filter((entry) => entry.mode !== '40000') : [];
  }

  /** Bytes of a file that this draft brought in. */
  content(id: ObjectId): Buffer | undefined {
    return this.#blobs.get(id);
  }

  /** Throws a StateStoreError (`invalid`) when a folder stands there, or a file where a folder must be. Otherwise harmless. */
  checkPut(path: string): void {
    this.checkFoldersAbove(path);
    if (this.find(path)?.mode === '40000') throw new StateStoreError('invalid', `cannot write ${path}: a folder stands there`);
  }

  /** Throws a StateStoreError (`invalid`) when a file stands where a folder on the way to this path must be. */
  checkFoldersAbove(path: string): void {
    this.#parent(path, false, true);
  }

  putFile(path: string, content: Uint8Array): boolean {
    const data = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    const id = hashObject('blob', data);
    const { folder, name } = this.#parent(path, true)!;
    const old = this.#child(folder, name);
    if (old && 'id' in old && old.id === id && old.mode === '100644') return false;
    this.#blobs.set(id, data);
    folder.edits.set(name, { mode: '100644', id });
    return true;
  }

  /** Deletes a file; a folder of that name stays. */
  deleteFile(path: string): boolean {
    const { folder, name } = this.#parent(path, false) ?? {};
    if (!folder || name === undefined) return false;
    const old = this.#child(folder, name);
    if (!old || !('id' in old) || old.mode === '40000') return false;
    this.#parent(path, true)!.folder.edits.set(name, undefined);
    return true;
  }

  /** Makes a folder hold exactly these files, whose paths are relative to it. */
  replaceFolder(path: string, files: readonly StateStoreFile[]): boolean {
    if (files.length === 0) {
      if (!this.find(path)) return false;
      const { folder, name } = this.#parent(path, true)!;
      folder.edits.set(name, undefined);
      return true;
    }
    const { tree, objects } = buildTree(files.map((file) => ({ path: file.path, content: Buffer.from(file.content.buffer, file.content.byteOffset, file.content.byteLength) })));
    const old = this.find(path);
    if (old?.id === tree) return false;
    for (const object of objects) {
      if (!('data' in object)) continue;
      if (object.type === 'blob') this.#blobs.set(object.id, object.data);
      else this.#trees.set(object.id, { tree: IndexedTree.of(object.data), base: undefined });
    }
    const { folder, name } = this.#parent(path, true)!;
    folder.edits.set(name, { mode: '40000', id: tree });
    return true;
  }

  /** Hashes what changed. The draft can go on afterwards. */
  finish(): FinishedDraft {
    const root = this.#build(this.#root) ?? this.#buildEmpty();
    const objects: PushObject[] = [];
    const trees = new Map<ObjectId, IndexedTree>();
    const reached = new Set<ObjectId>();
    // Only what the new tree reaches: a draft may have been through states that nobody needs.
    const collect = (id: ObjectId): void => {
      const made = this.#trees.get(id);
      if (!made || reached.has(id)) return;
      reached.add(id);
      trees.set(id, made.tree);
      const base = this.#baseOnBranch(made.base);
      objects.push({ id, type: 'tree', data: made.tree.data, base });
      for (const { after } of diffTrees(base?.data ?? Buffer.alloc(0), made.tree.data)) {
        if (!after) continue;
        if (after.mode === '40000') collect(after.id);
        else {
          const data = this.#blobs.get(after.id);
          if (data && !reached.has(after.id)) {
            reached.add(after.id);
            objects.push({ id: after.id, type: 'blob', data });
          }
        }
      }
    };
    collect(root);
    return { root, objects, trees, replacedBytes: this.#replaced };
  }

  /** What the server has of a folder; the draft may have gone through several versions of it since. */
  #baseOnBranch(base: ObjectId | undefined): { readonly id: ObjectId; readonly data: Buffer } | undefined {
    let id = base;
    while (id !== undefined && this.#trees.has(id)) id = this.#trees.get(id)!.base;
    return id === undefined ? undefined : { id, data: this.#tree(id).data };
  }

  #buildEmpty(): ObjectId {
    const id = hashObject('tree', Buffer.alloc(0));
    this.#trees.set(id, { tree: IndexedTree.empty, base: undefined });
    return id;
  }

  /** The id of a folder with its edits; undefined when nothing is left in it. */
  #build(folder: Folder): ObjectId | undefined {
    const base = folder.base === undefined ? IndexedTree.empty : this.#tree(folder.base);
    const edits = new Map<string, Leaf | undefined>();
    for (const [name, edit] of folder.edits) {
      if (!edit || 'id' in edit) edits.set(name, edit);
      else {
        const id = this.#build(edit);
        edits.set(name, id === undefined ? undefined : { mode: '40000', id });
      }
    }
    if (edits.size === 0) return base.size === 0 ? undefined : folder.base;
    const tree = base.with(edits);
    if (tree.size === 0) return undefined;
    const id = hashObject('tree', tree.data);
    if (id !== folder.base) {
      this.#trees.set(id, { tree, base: folder.base });
      this.#replaced += base.data.length;
    }
    return id;
  }

  #settle(parent: Folder, name: string, folder: Folder): ObjectId | undefined {
    const id = this.#build(folder);
    parent.edits.set(name, id === undefined ? undefined : { mode: '40000', id });
    return id;
  }

  #child(folder: Folder, name: string): Leaf | Folder | undefined {
    if (folder.edits.has(name)) return folder.edits.get(name);
    return folder.base === undefined ? undefined : this.#tree(folder.base).find(name);
  }

  /** The folder that holds a path. `make`: with the folders that are missing; otherwise undefined if one is. */
  #parent(path: string, make: boolean, refuseFiles = make): { readonly folder: Folder; readonly name: string } | undefined {
    const segments = path.split('/');
    const name = segments.pop()!;
    let folder = this.#root;
    for (const [depth, segment] of segments.entries()) {
      const child = this.#child(folder, segment);
      if (child && 'id' in child && child.mode !== '40000') {
        if (refuseFiles) throw new StateStoreError('invalid', `cannot write ${path}: ${segments.slice(0, depth + 1).join('/')} is a file`);
        return undefined;
      }
      if (!child && !make) return undefined;
      if (child && !('id' in child)) {
        folder = child;
        continue;
      }
      const next: Folder = { base: child?.id, edits: new Map() };
      // Looking alone leaves no trace that would have to be built.
      if (make) folder.edits.set(segment, next);
      folder = next;
    }
    return { folder, name };
  }
}
