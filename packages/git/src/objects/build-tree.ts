import type { PackInput } from '../pack/pack-writer.ts';
import { hashObject } from './object.ts';
import type { ObjectId } from './object.ts';
import { encodeTree } from './tree.ts';
import type { TreeEntry } from './tree.ts';

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly files: Map<string, { readonly content: Buffer; readonly executable: boolean }>;
}

/** The objects of a whole tree from its files, and the tree's id. Throws a GitFormatError for names that git refuses. */
export function buildTree(files: readonly { readonly path: string; readonly content: Buffer; readonly executable?: boolean }[]): { readonly tree: ObjectId; readonly objects: readonly PackInput[] } {
  const root: Folder = { folders: new Map(), files: new Map() };
  for (const file of files) {
    const segments = file.path.split('/');
    const name = segments.pop()!;
    let folder = root;
    for (const segment of segments) {
      const next: Folder = folder.folders.get(segment) ?? { folders: new Map(), files: new Map() };
      folder.folders.set(segment, next);
      folder = next;
    }
    folder.files.set(name, { content: file.content, executable: file.executable ?? false });
  }
  const objects = new Map<ObjectId, PackInput>();
  const build = (folder: Folder): ObjectId => {
    const entries: TreeEntry[] = [];
    for (const [name, { content, executable }] of folder.files) {
      const id = hashObject('blob', content);
      objects.set(id, { id, type: 'blob', data: content });
      entries.push({ mode: executable ? '100755' : '100644', name, id });
    }
    for (const [name, child] of folder.folders) entries.push({ mode: '40000', name, id: build(child) });
    const data = encodeTree(entries);
    const id = hashObject('tree', data);
    objects.set(id, { id, type: 'tree', data });
    return id;
  };
  const tree = build(root);
  return { tree, objects: [...objects.values()] };
}
