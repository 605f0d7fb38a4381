import type { ObjectId } from '@plinth/git';
import { StateStoreError } from '../errors.ts';
import { decodeIndex, encodeIndex } from '../index-file.ts';
import { checkPath, joinPath } from '../path.ts';
import { checkFree, placed } from '../check-change.ts';
import type { StateStoreChange } from '../writer.ts';
import type { TreeDraft } from './tree-draft.ts';

/**
 * Carries one change into a draft and says whether it made a difference. Throws a StateStoreError (`invalid`) for a change
 * that cannot be (`conflict`: a file is another placement's), before anything of it is in the draft.
 * `root`: the store's folder in the repository. `blobs`: reads files of the branch.
 */
export async function applyChange(draft: TreeDraft, root: string, change: StateStoreChange, blobs: (ids: readonly ObjectId[]) => Promise<readonly Buffer[]>): Promise<boolean> {
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
      const read = async (entries: readonly { readonly id: ObjectId }[]): Promise<readonly (readonly string[])[]> => {
        const fetched = entries.filter(({ id }) => !draft.content(id)).map(({ id }) => id);
        const contents = new Map((await blobs(fetched)).map((data, at) => [fetched[at]!, data]));
        return entries.map(({ id }) => decodeIndex(draft.content(id) ?? contents.get(id)!).map((path) => joinPath(root, path)));
      };
      const old = draft.find(index);
      const [before = []] = old && old.mode !== '40000' ? await read([old]) : [];
      const mine = new Set(before);
      const others = put.filter((file) => !mine.has(file.path) && draft.find(file.path)).map((file) => file.path);
      if (others.length > 0) {
        const folder = index.slice(0, index.lastIndexOf('/'));
        const indexes = draft.files(folder).filter(({ name }) => `${folder}/${name}` !== index);
        checkFree(others, (await read(indexes)).map((paths, at) => ({ index: indexes[at]!.name, paths })));
      }
      const stay = new Set(put.map((file) => file.path));
      const gone = before.filter((path) => !stay.has(path));
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

function anyOf(steps: readonly (() => boolean)[]): boolean {
  let changed = false;
  for (const step of steps) changed = step() || changed;
  return changed;
}
