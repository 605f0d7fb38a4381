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
  /** What differs between two folders, one level deep. Absent: both are listed to find out. */
  changes?(before: string, after: string): readonly FolderChange[];
}

/** A name that two folders do not share alike. */
export interface FolderChange {
  readonly name: string;
  readonly before: FolderEntry | undefined;
  readonly after: FolderEntry | undefined;
}

/** What differs between two folders, one level deep. `undefined` is a folder with nothing in it. */
export function folderChanges(reader: TreeReader, before: string | undefined, after: string | undefined): readonly FolderChange[] {
  if (before === after) return [];
  if (before !== undefined && after !== undefined && reader.changes) return reader.changes(before, after);
  const old = new Map((before === undefined ? [] : reader.folder(before)).map((entry) => [entry.name, entry] as const));
  const changes: FolderChange[] = [];
  for (const entry of after === undefined ? [] : reader.folder(after)) {
    const was = old.get(entry.name);
    old.delete(entry.name);
    if (was?.id !== entry.id || was.type !== entry.type) changes.push({ name: entry.name, before: was, after: entry });
  }
  for (const [name, entry] of old) changes.push({ name, before: entry, after: undefined });
  return changes;
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
