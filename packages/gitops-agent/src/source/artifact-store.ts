import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { consolidate, decodeCommit, decodeTree, diffTrees, isConsolidationDue, Repository, zeroId, type GitObject, type ParsedPack, type TreeEntry } from '@plinth/git';
import { keyString, type ObjectKey } from '@plinth/apimachinery';
import { dropOldObjects } from './drop-old-objects.ts';
import { ArtifactTooLarge, createMeasure, exceeds, MAX_BYTES, MAX_FILES, MAX_FOLDERS, type FolderMeasure } from './measure-folder.ts';
import type { FolderChange, FolderEntry, TreeReader } from './tree-reader.ts';

/** The content of a source at one revision. Never changes; what is read from it is always the same. */
export interface Artifact {
  /** `main@sha1:<commit>` of git, `sha256:<digest of the listing>` of a bucket. */
  readonly revision: string;
  readonly commit: string;
  /** Id of the root folder. */
  readonly root: string;
  readonly reader: TreeReader;
}

const MAX_DEPTH = 32;
const JOIN_AFTER_PACKS = 50;
const LARGE_FOLDER = 100;
const LARGE_TREE_BYTES = 30 * LARGE_FOLDER;
const MAX_LARGE_FOLDERS = 20;
/** Objects of earlier revisions go when there are more of them than what the newest needs, several times over. */
const KEPT_OBJECTS = 2_000;
const KEPT_PER_FILE = 8;

/** The commit that the artifact was made from; kept as a reference, so that it is there again after a restart. */
const ARTIFACT_REF = 'refs/plinth/artifact';

/**
 * Artifacts of all sources, as git objects below one folder, a bare repository for each source. In contrast to archives
 * a new revision costs only what changed, and a restart loses nothing.
 */
export interface ArtifactStore extends AsyncDisposable {
  /** What consumers apply; the newest that was published. */
  get(source: ObjectKey): Artifact | undefined;
  /** The content at an earlier revision, as long as it is still here. */
  at(source: ObjectKey, revision: string): Artifact | undefined;
  /** Everything of a commit is here. */
  has(source: ObjectKey, commit: string): Promise<boolean>;
  /** Takes up what an earlier process stored, if it is `commit` and all of it is there. */
  restore(source: ObjectKey, revision: string, commit: string): Promise<Artifact | undefined>;
  /**
   * Makes a commit the newest artifact, from what is here and what was fetched: at once for consumers in this process,
   * which need not wait for the disk, and durably when the returned promise resolves. Throws, and changes nothing, when
   * it is too large.
   */
  publish(source: ObjectKey, revision: string, commit: string, fetched: ParsedPack | undefined): Promise<Artifact & { readonly size: number; readonly subject: string }>;
  remove(source: ObjectKey): Promise<void>;
  /** Called with the source of every new artifact. Returns the function that ends it. */
  subscribe(handler: (source: ObjectKey) => void): () => void;
}

/** Kinds of sources, each with a folder of its own. */
export type ArtifactKind = 'gitrepository' | 'bucket';

/** For the sources of one kind. `dataDir` is made when it is missing; nobody else may write to it. */
export function openArtifactStore(dataDir: string, kind: ArtifactKind): ArtifactStore {
  const repositories = new Map<string, Promise<Repository>>();
  const artifacts = new Map<string, Artifact>();
  /** The one before the newest: consumers may still be at it. */
  const previous = new Map<string, Artifact>();
  const handlers = new Set<(source: ObjectKey) => void>();
  const measures = new Map<string, FolderMeasure>();
  const joining = new Map<Repository, Promise<void>>();

  /** Every fetch leaves a small pack; they are joined, and cleared, beside other work. A failure only leaves more of them. */
  const tidy = (key: string, repository: Repository, files: number): void => {
    if (joining.has(repository) || !isConsolidationDue(repository.objects, JOIN_AFTER_PACKS)) return;
    const count = repository.objects.packs.reduce((sum, { index }) => sum + index.count, 0);
    const kept = [artifacts.get(key), previous.get(key)].flatMap((artifact) => (artifact ? [artifact.commit] : []));
    const work = count > KEPT_OBJECTS + KEPT_PER_FILE * files ? dropOldObjects(repository.objects, kept) : consolidate(repository.objects);
    const joined = work.catch(() => {});
    joining.set(repository, joined);
    void joined.then(() => joining.delete(repository));
  };

  const open = (source: ObjectKey): Promise<Repository> => {
    const key = keyString(source);
    let repository = repositories.get(key);
    if (!repository) {
      repository = Repository.ensure(join(dataDir, artifactPath(source, kind)));
      repositories.set(key, repository);
      repository.catch(() => repositories.delete(key));
    }
    return repository;
  };

  return {
    get: (source) => artifacts.get(keyString(source)),
    at: (source, revision) => [artifacts, previous].map((of) => of.get(keyString(source))).find((artifact) => artifact?.revision === revision),
    has: async (source, commit) => {
      const { objects, refs } = await open(source);
      return refs.read(ARTIFACT_REF) === commit && objects.has(commit);
    },
    restore: async (source, revision, commit) => {
      const repository = await open(source);
      if (repository.refs.read(ARTIFACT_REF) !== commit || !repository.objects.has(commit)) return undefined;
      const artifact = artifactOf({ repository, fetched: undefined }, revision, commit);
      if (!isComplete(repository, artifact, artifact.root, new Set(), 0)) return undefined;
      artifacts.set(keyString(source), artifact);
      for (const handler of handlers) handler(source);
      return artifact;
    },
    publish: async (source, revision, commit, fetched) => {
      const key = keyString(source);
      const repository = await open(source);
      const content: Content = { repository, fetched };
      const artifact = artifactOf(content, revision, commit);
      let measureOf = measures.get(key);
      if (!measureOf) measures.set(key, (measureOf = createMeasure()));
      const measure = measureOf(artifact.reader, artifact.root);
      if (exceeds(measure)) {
        throw new ArtifactTooLarge(
          `commit ${commit} holds ${measure.files} files with ${measure.bytes} bytes in ${measure.folders} folders: at most ${MAX_FILES} files, ${MAX_BYTES} bytes and ${MAX_FOLDERS} folders can be taken`,
        );
      }
      const before = artifacts.get(key);
      if (before) previous.set(key, before);
      artifacts.set(key, artifact);
      for (const handler of handlers) handler(source);
      if (fetched) await repository.objects.addPack(fetched.bytes, fetched.places, fetched.checksum);
      content.fetched = undefined;
      const updated = await repository.refs.update({ name: ARTIFACT_REF, expected: repository.refs.read(ARTIFACT_REF) ?? zeroId, next: commit });
      if (!updated.ok) throw new Error(`failed to keep commit ${commit} as the artifact of ${key}: ${updated.reason}`);
      tidy(key, repository, measure.files);
      return { ...artifact, size: measure.bytes, subject: artifact.subject };
    },
    remove: async (source) => {
      const key = keyString(source);
      const repository = await repositories.get(key)?.catch(() => undefined);
      repositories.delete(key);
      artifacts.delete(key);
      previous.delete(key);
      measures.delete(key);
      if (repository) await joining.get(repository);
      repository?.[Symbol.dispose]();
      await rm(join(dataDir, artifactPath(source, kind)), { recursive: true, force: true });
      for (const handler of handlers) handler(source);
    },
    subscribe: (handler) => {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(joining.values());
      for (const opened of repositories.values()) (await opened.catch(() => undefined))?.[Symbol.dispose]();
      repositories.clear();
    },
  };
}

/** The path of a source's artifacts, relative to the data directory. Names are DNS names: they cannot escape. */
export const artifactPath = (source: ObjectKey, kind: ArtifactKind): string => join(kind, source.namespace ?? '', `${source.name}.git`);

/** What can be read: the repository, and a pack on its way there. */
interface Content {
  readonly repository: Repository;
  fetched: ParsedPack | undefined;
}

function readObject({ repository, fetched }: Content, type: GitObject['type'], id: string): Buffer {
  const object = fetched?.read(id);
  return object?.type === type ? object.data : repository.objects.readAs(type, id);
}

function artifactOf(content: Content, revision: string, commit: string): Artifact & { readonly subject: string } {
  const { tree, message } = decodeCommit(readObject(content, 'commit', commit));
  return { revision, commit, root: tree, reader: readerOf(content), subject: message.split('\n')[0]?.slice(0, 200) ?? '' };
}

const TYPES: Readonly<Record<string, FolderEntry['type']>> = { '40000': 'folder', '120000': 'link', '160000': 'submodule' };

function entryOf(name: string, entry: Pick<TreeEntry, 'mode' | 'id'>): FolderEntry;
function entryOf(name: string, entry: Pick<TreeEntry, 'mode' | 'id'> | undefined): FolderEntry | undefined;
function entryOf(name: string, entry: Pick<TreeEntry, 'mode' | 'id'> | undefined): FolderEntry | undefined {
  return entry && { name, type: TYPES[entry.mode] ?? 'file', id: entry.id };
}

function readerOf(content: Content): TreeReader {
  /** Large folders are read once for all who look at the artifact. */
  const large = new Map<string, readonly FolderEntry[]>();
  const differences = new Map<string, readonly FolderChange[]>();
  return {
    folder: (id) => {
      const known = large.get(id);
      if (known) return known;
      const entries = decodeTree(readObject(content, 'tree', id)).map((entry) => entryOf(entry.name, entry));
      if (entries.length >= LARGE_FOLDER && large.size < MAX_LARGE_FOLDERS) large.set(id, entries);
      return entries;
    },
    file: (id) => readObject(content, 'blob', id),
    changes: (before, after) => {
      const pair = `${before} ${after}`;
      let changes = differences.get(pair);
      if (changes) return changes;
      const [old, now] = [readObject(content, 'tree', before), readObject(content, 'tree', after)];
      changes = diffTrees(old, now).map(({ name, before: was, after: is }) => ({ name, before: entryOf(name, was), after: entryOf(name, is) }));
      if (now.length >= LARGE_TREE_BYTES && differences.size < MAX_LARGE_FOLDERS) differences.set(pair, changes);
      return changes;
    },
  };
}

/** Everything that the folder refers to is there. */
function isComplete(repository: Repository, artifact: Artifact, id: string, checked: Set<string>, depth: number): boolean {
  if (checked.has(id)) return true;
  if (depth > MAX_DEPTH || !repository.objects.has(id)) return false;
  checked.add(id);
  return artifact.reader
    .folder(id)
    .every((entry) => (entry.type === 'folder' ? isComplete(repository, artifact, entry.id, checked, depth + 1) : entry.type === 'submodule' || repository.objects.has(entry.id)));
}
