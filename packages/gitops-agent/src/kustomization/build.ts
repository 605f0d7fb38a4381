import type { UnstructuredObject } from '@plinth/apimachinery';
import type { Kustomization } from '@plinth/api';
import type { TreeReader } from '../source/tree-reader.ts';
import { collectChanges, emptyCollectMemory, type CollectMemory } from './collect-changes.ts';
import type { SourceFile } from './collect-files.ts';
import { parseManifests, type ManifestFile } from './parse-manifests.ts';
import { identityOf, inventoryId, subjectOf, type ObjectIdentity } from './subject.ts';
import { transform } from './transform.ts';

/** The inventory names all of them in one status. */
const MAX_OBJECTS = 20_000;

/** An object that is to be in the cluster. */
export interface DesiredObject {
  readonly id: string;
  readonly identity: ObjectIdentity;
  readonly path: string;
  /** The same value as in the last build when nothing about it changed. */
  readonly object: UnstructuredObject;
}

export interface Build {
  /** By inventory id. The next build may change it. */
  readonly objects: ReadonlyMap<string, DesiredObject>;
  /** Inventory ids of the objects that came, changed or went since the build before; undefined: any may have. */
  readonly changed: ReadonlySet<string> | undefined;
  readonly problems: readonly BuildProblem[];
  /** Inventory ids that stay although nothing readable defines them: what is unreadable may do so. */
  readonly held: ReadonlySet<string>;
  /** Something has been unreadable since before this process began: it is not known what it held. */
  readonly hasUnknownHoles: boolean;
}

/** A file or folder, from the root of the artifact, and what is wrong with it. */
export interface BuildProblem {
  readonly path: string;
  readonly message: string;
}

/** What is kept from one build to the next, so that a build costs what has changed. All of it can be lost. */
export interface BuildMemory {
  settings: string;
  readonly collect: CollectMemory;
  readonly files: Map<string, BuiltFile>;
  /** Files as they were the last time that everything in them could be read. */
  readonly lastGood: Map<string, BuiltFile>;
  /** Which file an applied object comes from: it keeps the object when another one claims it, too. */
  readonly owners: Map<string, string>;
  /** Files and folders that were unreadable at the first build and still are. */
  unknown: ReadonlySet<string>;
  /** There was a build before: what is new now held nothing earlier. */
  isWarm: boolean;
  /** What the last build wants, if it had no problem: then the next one need only look at files that changed. */
  whole: Map<string, DesiredObject> | undefined;
  /** What the last build without a problem was made from. */
  key: string;
}

interface BuiltFile {
  readonly key: string;
  readonly objects: readonly DesiredObject[];
  readonly problems: readonly string[];
}

export const emptyBuildMemory = (): BuildMemory => ({ settings: '', collect: emptyCollectMemory(), files: new Map(), lastGood: new Map(), owners: new Map(), unknown: new Set(), isWarm: false, whole: undefined, key: '' });

export interface BuildOptions {
  readonly kustomization: Kustomization;
  readonly reader: TreeReader;
  readonly root: string;
  readonly ignore: string | undefined;
  readonly variables: ReadonlyMap<string, string>;
  readonly isNamespaced: (object: UnstructuredObject) => boolean | undefined;
  /** Called with all objects before any is transformed, for what must be known of their kinds. */
  readonly prepare: (objects: readonly UnstructuredObject[]) => Promise<void>;
  readonly memory: BuildMemory;
}

/**
 * What a Kustomization wants, from its folder of the artifact. In contrast to Flux one bad file does not spoil the rest:
 * it becomes a problem, and what it used to hold is held. Undefined when there is no such folder.
 */
export async function build(options: BuildOptions): Promise<Build | undefined> {
  const { kustomization, memory } = options;
  const { path = '', targetNamespace, commonMetadata } = kustomization.spec ?? {};
  const settings = JSON.stringify([targetNamespace, commonMetadata, [...options.variables]]);
  const key = JSON.stringify([options.root, path, options.ignore, settings]);
  if (memory.whole && memory.key === key) return { ...WHOLE, objects: memory.whole, changed: new Set() };
  const collected = collectChanges(options.reader, options.root, path, { ignore: options.ignore, memory: memory.collect });
  if (!collected) return undefined;
  const { files } = collected;
  if (settings !== memory.settings) memory.files.clear();
  // Until the end of this build nobody knows what is whole.
  const { whole } = memory;
  memory.whole = undefined;
  const changed = settings === memory.settings && whole ? collected.changed : undefined;
  memory.settings = settings;

  const pending: { readonly file: SourceFile; readonly key: string; readonly parsed: ManifestFile }[] = [];
  for (const file of changed ? changed.flatMap((each) => files.get(each) ?? []) : files.values()) {
    const key = file.overlays.length === 0 ? file.id : `${file.id} ${JSON.stringify(file.overlays)}`;
    if (memory.files.get(file.path)?.key !== key) pending.push({ file, key, parsed: parseManifests(file.path, options.reader.file(file.id)) });
  }
  await options.prepare(pending.flatMap(({ parsed }) => parsed.objects));
  const built = new Map(pending.map(({ file, key, parsed }) => [file.path, buildFile(file, key, parsed, options)] as const));
  const ids = whole && changed && replaceFiles(memory, whole, changed.filter((each) => built.has(each) || !files.has(each)), built);
  for (const [each, file] of built) memory.files.set(each, file);
  for (const each of changed ?? memory.files.keys()) if (!files.has(each)) memory.files.delete(each);
  if (whole && ids) {
    Object.assign(memory, { whole, key });
    return { ...WHOLE, objects: whole, changed: ids };
  }
  const combined = combine(memory, new Set(files.keys()), collected.problems);
  if (combined.problems.length === 0) Object.assign(memory, { whole: combined.objects, key });
  return combined;
}

const WHOLE = { problems: [], held: new Set<string>(), hasUnknownHoles: false } as const;

/**
 * Takes out of a build without problems what files held, and puts in what they hold now. Returns the ids of all that, or
 * undefined, with nothing done, when there is a problem, which takes a look at everything.
 */
function replaceFiles(memory: BuildMemory, whole: Map<string, DesiredObject>, paths: readonly string[], built: ReadonlyMap<string, BuiltFile>): ReadonlySet<string> | undefined {
  const leaving = new Set(paths);
  const coming = new Map<string, DesiredObject>();
  for (const file of built.values()) {
    if (file.problems.length > 0) return undefined;
    for (const desired of file.objects) {
      const holder = whole.get(desired.id);
      if (coming.has(desired.id) || (holder && !leaving.has(holder.path))) return undefined;
      coming.set(desired.id, desired);
    }
  }
  if (whole.size + coming.size > MAX_OBJECTS) return undefined;
  const ids = new Set(coming.keys());
  for (const path of paths) {
    for (const { id } of memory.files.get(path)?.objects ?? []) {
      ids.add(id);
      whole.delete(id);
    }
    const now = built.get(path);
    if (now) memory.lastGood.set(path, now);
    else memory.lastGood.delete(path);
  }
  for (const [id, desired] of coming) whole.set(id, desired);
  return ids;
}

function buildFile(file: SourceFile, key: string, parsed: ManifestFile, options: BuildOptions): BuiltFile {
  const problems = [...parsed.problems];
  const objects: DesiredObject[] = [];
  for (const source of parsed.objects) {
    try {
      const object = transform(source, { ...options, overlays: file.overlays });
      const identity = identityOf(object);
      objects.push({ id: inventoryId(identity), identity, path: file.path, object });
    } catch (error) {
      problems.push(`post build failed for '${source.metadata.name}': ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { key, objects, problems };
}

function combine(memory: BuildMemory, paths: ReadonlySet<string>, folderProblems: readonly BuildProblem[]): Build & { readonly objects: Map<string, DesiredObject> } {
  const problems: BuildProblem[] = [...folderProblems];
  const held = new Set<string>();
  const unknown = new Set<string>();
  const isUnknown = (path: string): boolean => (memory.isWarm ? memory.unknown.has(path) : true);
  const claims = new Map<string, DesiredObject>();
  const disputed = new Map<string, DesiredObject[]>();
  for (const [path, file] of memory.files) {
    for (const desired of file.objects) {
      const first = claims.get(desired.id);
      if (!first) claims.set(desired.id, desired);
      else disputed.set(desired.id, [...(disputed.get(desired.id) ?? [first]), desired]);
    }
    if (file.problems.length === 0) {
      if (memory.lastGood.get(path) !== file) memory.lastGood.set(path, file);
      continue;
    }
    problems.push(...file.problems.map((message) => ({ path, message })));
    const before = memory.lastGood.get(path);
    if (!before && isUnknown(path)) unknown.add(path);
    for (const { id } of before?.objects ?? []) held.add(id);
  }
  for (const { path } of folderProblems) if (isUnknown(path)) unknown.add(path);
  for (const [path, file] of memory.lastGood) {
    if (paths.has(path)) continue;
    // The file is gone on purpose, unless it is in a folder that could not be taken.
    if (folderProblems.some((problem) => problem.path === '' || path.startsWith(`${problem.path}/`))) for (const { id } of file.objects) held.add(id);
    else memory.lastGood.delete(path);
  }
  if (claims.size > MAX_OBJECTS) throw new Error(`kustomize build failed: there are ${claims.size} objects, at most ${MAX_OBJECTS} fit into one Kustomization: use several`);
  memory.unknown = unknown;
  memory.isWarm = true;

  for (const [id, claim] of disputed) {
    const owner = memory.owners.get(id);
    const winner = claim.find(({ path }) => path === owner);
    const files = claim.map(({ path }) => path).toSorted();
    const message = `kustomize build failed: ${subjectOf(claim[0]!.object)} is defined in ${files.join(' and in ')}${winner ? `; that in ${winner.path} counts` : ''}`;
    problems.push(...files.filter((path) => path !== winner?.path).map((path) => ({ path, message })));
    if (winner) claims.set(id, winner);
    else {
      claims.delete(id);
      held.add(id);
    }
  }
  return { objects: claims, changed: undefined, problems, held, hasUnknownHoles: unknown.size > 0 };
}
