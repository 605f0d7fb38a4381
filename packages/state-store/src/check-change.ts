import { StateStoreError } from './errors.ts';
import { checkPath, joinPath } from './path.ts';
import type { StateStoreChange, StateStoreFile } from './writer.ts';

/** Most files, and bytes of them, that one change may bring. */
const maxFiles = 20_000;
const maxBytes = 64 * 1024 * 1024;

/** The files at their places below `root`, checked one by one and against each other. Throws a StateStoreError (`invalid`). */
export function placed(root: string, files: readonly StateStoreFile[]): readonly StateStoreFile[] {
  if (files.length > maxFiles) throw new StateStoreError('invalid', `${files.length} files in one change, at most ${maxFiles} are allowed`);
  const bytes = files.reduce((sum, file) => sum + file.content.length, 0);
  if (bytes > maxBytes) throw new StateStoreError('invalid', `${bytes} bytes in one change, at most ${maxBytes} are allowed`);
  // The last one of a path counts, as when files are written one after the other.
  const byPath = new Map(files.map((file) => [joinPath(root, checkPath(file.path)), file.content]));
  for (const path of byPath.keys()) {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const above = path.slice(0, slash);
      if (byPath.has(above)) throw new StateStoreError('invalid', `${above} cannot be a file and a folder (of ${path}) at once`);
    }
  }
  return [...byPath].map(([path, content]) => ({ path, content }));
}

/**
 * In mode `none` files of all placements lie side by side. Throws a StateStoreError (`conflict`) when one of the paths is in the index of
 * another placement. A file that is in no index is nobody's and may be replaced.
 */
export function checkFree(paths: readonly string[], indexes: readonly { readonly index: string; readonly paths: readonly string[] }[]): void {
  const wanted = new Set(paths);
  for (const { index, paths: taken } of indexes) {
    const path = taken.find((one) => wanted.has(one));
    if (path === undefined) continue;
    throw new StateStoreError('conflict', `cannot write ${path}: it belongs to the placement ${index.replace(/\.yaml$/, '')}, which wrote it first`, {
      hint: 'give the file another name in one of the two workflows, or use filepath.mode nestedByMetadata',
    });
  }
}

/** Whether a change only takes away. */
export function isDeletion({ action }: StateStoreChange): boolean {
  return action.type === 'files' ? action.put.length === 0 : action.files.length === 0;
}
