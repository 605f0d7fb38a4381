import { parseIgnore, type Ignore } from '../source/ignore.ts';
import { entryAt, folderChanges, type TreeReader } from '../source/tree-reader.ts';
import { collectFiles, emptyFolderMemory, ignoreRules, isManifest, isUnit, MAX_DEPTH, MAX_FILES, type CollectedFiles, type FolderMemory, type SourceFile } from './collect-files.ts';

export interface CollectedChanges {
  /** All manifests by path. The same map at the next look, with what changed. */
  readonly files: ReadonlyMap<string, SourceFile>;
  /** Paths of the files that came, changed or went since the last look; undefined: any may have. */
  readonly changed: readonly string[] | undefined;
  readonly problems: CollectedFiles['problems'];
}

/** What was found at the last look; all of it can be lost. */
export interface CollectMemory {
  readonly folders: FolderMemory;
  last: { readonly path: string; readonly rules: string; readonly ignore: Ignore; readonly folder: string; readonly files: Map<string, SourceFile> } | undefined;
}

export const emptyCollectMemory = (): CollectMemory => ({ folders: emptyFolderMemory(), last: undefined });

/**
 * Like {@link collectFiles}, by looking only at what differs from the folder as it was last. Everything is looked at where a
 * `kustomization.yaml` is involved, which may refer to any file, or when the ignore rules are others.
 */
export function collectChanges(reader: TreeReader, root: string, path: string, options: { readonly ignore?: string | undefined; readonly memory: CollectMemory }): CollectedChanges | undefined {
  const { memory, ignore } = options;
  const start = entryAt(reader, root, path);
  if (start?.type !== 'folder') return undefined;
  const { last } = memory;
  const rules = ignoreRules(reader, root, ignore);
  if (last?.path === path && last.rules === rules) {
    const found = changesBetween(reader, last, start.id);
    if (found && last.files.size + found.size <= MAX_FILES) {
      for (const [file, now] of found) {
        if (now) last.files.set(file, now);
        else last.files.delete(file);
      }
      memory.last = { ...last, folder: start.id };
      return { files: last.files, changed: [...found.keys()], problems: [] };
    }
  }
  const collected = collectFiles(reader, root, path, { ignore, memory: memory.folders });
  if (!collected) return undefined;
  const files = new Map(collected.files.map((file) => [file.path, file] as const));
  const isPlain = collected.problems.length === 0 && !collected.hasUnits;
  memory.last = isPlain ? { path, rules, ignore: parseIgnore(rules), folder: start.id, files } : undefined;
  return { files, changed: undefined, problems: collected.problems };
}

/** Undefined when that does not tell: then everything is to be looked at. */
function changesBetween(reader: TreeReader, last: NonNullable<CollectMemory['last']>, now: string): Map<string, SourceFile | undefined> | undefined {
  const found = new Map<string, SourceFile | undefined>();
  const look = (before: string | undefined, after: string | undefined, folder: string, depth: number): boolean => {
    if (depth > MAX_DEPTH) return false;
    for (const change of folderChanges(reader, before, after)) {
      const path = folder === '' ? change.name : `${folder}/${change.name}`;
      if (isUnit(change.before) || isUnit(change.after)) return false;
      if (isManifest(change.before) && last.files.has(path)) found.set(path, undefined);
      if (isManifest(change.after) && change.after && !last.ignore(path, false)) found.set(path, { path, id: change.after.id, overlays: [] });
      const [old, next] = [folderOf(change.before), folderOf(change.after)];
      if ((old !== undefined || next !== undefined) && !last.ignore(path, true) && !look(old, next, path, depth + 1)) return false;
    }
    return true;
  };
  try {
    return look(last.folder, now, last.path.split('/').filter((part) => part !== '' && part !== '.').join('/'), 0) ? found : undefined;
  } catch {
    // The earlier revision is not there any more.
    return undefined;
  }
}

const folderOf = (entry: { readonly type: string; readonly id: string } | undefined): string | undefined => (entry?.type === 'folder' ? entry.id : undefined);
