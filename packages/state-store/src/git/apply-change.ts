import type { ObjectId } from '@plinth/git';
import { StateStoreError } from '../errors.ts';
import { decodeIndex, encodeIndex } from '../index-file.ts';
import { checkPath, joinPath } from '../path.ts';
import type { StateStoreChange, StateStoreFile } from '../writer.ts';
import type { TreeDraft } from './tree-draft.ts';

/** Most files, and bytes of them, that one change may bring. */
const maxFiles = 20_000;
const maxBytes = 64 * 1024 * 1024;

/**
 * Carries one change into a draft and says whether it made a difference. Throws a StateStoreError (`invalid`) for a change
 * that cannot be, before anything of it is in the draft.
 * `root`: the store's folder in the repository. `blob`: reads a file of the branch.
 */
export async function applyChange(draft: TreeDraft, root: string, change: StateStoreChange, blob: (id: ObjectId) => Promise<Buffer>): Promise<boolean> {
  const { action } = change;
  switch (action.type) {
    case 'files': {
      const put = placed(root, action.put);
      const gone = action.delete.map((path) => joinPath(root, checkPath(path)));
      for (const file of put) draft.checkPut(file.path);
      return anyOf([...gone.map((path) => () => draft.deleteFile(path)), ...put.map((file) => () => draft.putFile(file.path, file.content))]);
    }
    case 'directory': {
      const directory = joinPath(root, action.directory);
      if (directory === '') throw new StateStoreError('invalid', 'the root of the repository cannot be replaced as a whole');
      const files = placed(root, action.files).map((file) => {
        if (!file.path.startsWith(`${directory}/`)) throw new StateStoreError('invalid', `${file.path} does not lie in ${directory}`);
        return { path: file.path.slice(directory.length + 1), content: file.content };
      });
      if (files.length > 0) draft.checkFoldersAbove(directory);
      return draft.replaceFolder(directory, files);
    }
    case 'indexed': {
      const index = joinPath(root, checkPath(action.index));
      const put = placed(root, action.files);
      for (const file of put) draft.checkPut(file.path);
      const old = draft.find(index);
      const before = old && old.mode !== '40000' ? decodeIndex(draft.content(old.id) ?? (await blob(old.id))) : [];
      const stay = new Set(put.map((file) => file.path));
      const gone = before.map((path) => joinPath(root, path)).filter((path) => !stay.has(path));
      const steps = [...gone.map((path) => () => draft.deleteFile(path)), ...put.map((file) => () => draft.putFile(file.path, file.content))];
      const indexed = action.files.map((file) => checkPath(file.path));
      if (indexed.length === 0) steps.push(() => draft.deleteFile(index));
      else steps.push(() => draft.putFile(index, encodeIndex(indexed)));
      return anyOf(steps);
    }
    default:
      return action satisfies never;
  }
}

/** Whether a change only takes away. */
export function isDeletion({ action }: StateStoreChange): boolean {
  return action.type === 'files' ? action.put.length === 0 : action.files.length === 0;
}

/** The files at their places in the repository, checked one by one and against each other. */
function placed(root: string, files: readonly StateStoreFile[]): readonly StateStoreFile[] {
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

function anyOf(steps: readonly (() => boolean)[]): boolean {
  let changed = false;
  for (const step of steps) changed = step() || changed;
  return changed;
}
