import { encodeCommit, encodeTree, hashObject, parsePack, writePack, type PackInput, type ParsedPack, type TreeEntry } from '@plinth/git';
import type { StoredFile } from './fetch-bucket.ts';

/**
 * Files as git objects, without those that are stored: contents that were not downloaded, and `storedFolders`. The same files
 * at the same revision make the same commit.
 */
export async function packContent(
  revision: string,
  files: ReadonlyMap<string, StoredFile>,
  downloads: ReadonlyMap<string, Buffer>,
  storedFolders: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<{ readonly commit: string; readonly pack: ParsedPack; readonly folders: ReadonlySet<string> }> {
  const inputs = new Map<string, PackInput>();
  const root: Folder = { folders: new Map(), files: new Map() };
  for (const [key, { id }] of files) {
    place(root, key.split('/'), id);
    const data = downloads.get(id);
    if (data) inputs.set(id, { id, type: 'blob', data });
  }
  const folders = new Set<string>();
  const build = (folder: Folder): string => {
    const entries: TreeEntry[] = [...folder.files].map(([name, id]) => ({ mode: '100644', name, id }));
    for (const [name, child] of folder.folders) entries.push({ mode: '40000', name, id: build(child) });
    const data = encodeTree(entries);
    const id = hashObject('tree', data);
    folders.add(id);
    if (!storedFolders.has(id)) inputs.set(id, { id, type: 'tree', data });
    return id;
  };
  const data = encodeRevision(build(root), revision);
  const commit = hashObject('commit', data);
  inputs.set(commit, { id: commit, type: 'commit', data });
  return { commit, pack: await parsePack(writePack([...inputs.values()]).pack, { signal }), folders };
}

/** Id of the commit that stands for a revision with this root folder. */
export const commitOf = (root: string, revision: string): string => hashObject('commit', encodeRevision(root, revision));

function encodeRevision(tree: string, revision: string): Buffer {
  const nobody = { name: 'bucket', email: 'bucket', timestamp: 0, zone: '+0000' };
  return encodeCommit({ tree, parents: [], author: nobody, committer: nobody, message: revision });
}

const MAX_DEPTH = 32;

/** Keys that can be paths of files, and those that cannot. Of a key and keys below it the latter count. */
export function pathsOf(keys: Iterable<string>): { readonly paths: readonly string[]; readonly leftOut: readonly string[] } {
  const all = [...keys];
  const folders = new Set<string>();
  for (const key of all) for (let end = key.indexOf('/'); end >= 0; end = key.indexOf('/', end + 1)) folders.add(key.slice(0, end));
  const isPath = (key: string): boolean => {
    const segments = key.split('/');
    return !folders.has(key) && segments.length <= MAX_DEPTH && segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..' && segment.toLowerCase() !== '.git' && !segment.includes('\0'));
  };
  return { paths: all.filter(isPath), leftOut: all.filter((key) => !isPath(key)) };
}

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly files: Map<string, string>;
}

function place(root: Folder, segments: readonly string[], id: string): void {
  let folder = root;
  for (const segment of segments.slice(0, -1)) {
    let next = folder.folders.get(segment);
    if (!next) folder.folders.set(segment, (next = { folders: new Map(), files: new Map() }));
    folder = next;
  }
  folder.files.set(segments.at(-1)!, id);
}
