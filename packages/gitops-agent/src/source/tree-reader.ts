/** One entry of a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly type: 'file' | 'folder' | 'link' | 'submodule';
  /** Names the content: equal ids, equal content. */
  readonly id: string;
}

/** Read access to the content of an artifact, by id. Throws when something that must be there is not. */
export interface TreeReader {
  folder(id: string): readonly FolderEntry[];
  file(id: string): Uint8Array;
}

/** The entry at a path such as `./a/b/`; undefined when there is none. `.` and `` are the root. `..` leads nowhere. */
export function entryAt(reader: TreeReader, root: string, path: string): FolderEntry | undefined {
  let entry: FolderEntry = { name: '', type: 'folder', id: root };
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' || entry.type !== 'folder') return undefined;
    const next = reader.folder(entry.id).find(({ name }) => name === part);
    if (!next) return undefined;
    entry = next;
  }
  return entry;
}
