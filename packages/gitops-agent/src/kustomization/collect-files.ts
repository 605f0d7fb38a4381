import { isJsonObject, parseYaml } from '@plinth/apimachinery';
import { DEFAULT_IGNORE, parseIgnore, type Ignore } from '../source/ignore.ts';
import { entryAt, type FolderEntry, type TreeReader } from '../source/tree-reader.ts';

/** A manifest file below the path of a Kustomization. */
export interface SourceFile {
  /** From the root of the artifact. */
  readonly path: string;
  readonly id: string;
  /** What the `kustomization.yaml` files on the way ask for, the innermost first. */
  readonly overlays: readonly Overlay[];
}

/** The part of a `kustomization.yaml` that changes objects. */
export interface Overlay {
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface CollectedFiles {
  readonly files: readonly SourceFile[];
  /** Parts of the tree that could not be taken, with the folder each is about. */
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  /** A `kustomization.yaml` has a say in it. */
  readonly hasUnits: boolean;
}

const KUSTOMIZATION_FILES = new Set(['kustomization.yaml', 'kustomization.yml', 'Kustomization']);
export const MAX_FILES = 100_000;
export const MAX_DEPTH = 32;
const MAX_REMEMBERED_FILES = 100;
const KNOWN_FIELDS = new Set(['apiVersion', 'kind', 'metadata', 'resources', 'namespace', 'labels', 'commonAnnotations']);

/**
 * All manifests below a folder: every `*.yaml` and `*.yml`, recursively; where a folder has a `kustomization.yaml`, what
 * that lists. Undefined when there is no such folder. `root` is the whole artifact, from which `.sourceignore` is read.
 */
export function collectFiles(
  reader: TreeReader,
  root: string,
  path: string,
  options: { readonly ignore?: string | undefined; readonly memory?: FolderMemory } = {},
): CollectedFiles | undefined {
  const start = entryAt(reader, root, path);
  if (start?.type !== 'folder') return undefined;
  const { memory = emptyFolderMemory() } = options;
  const rules = ignoreRules(reader, root, options.ignore);
  if (rules !== memory.rules) memory.folders.clear();
  memory.rules = rules;
  const collector: Collector = { reader, root, ignore: parseIgnore(rules), memory, files: new Map(), problems: [], hasUnits: false };
  collectFolder(collector, start.id, normal(path), [], 0);
  return { files: [...collector.files.values()], problems: collector.problems, hasUnits: collector.hasUnits };
}

/** Files of folders by id, with the path where they were: a folder that did not change is not looked at again. All of it can be lost. */
export interface FolderMemory {
  rules: string;
  folders: Map<string, { readonly path: string; readonly files: readonly SourceFile[] }>;
}

export const emptyFolderMemory = (): FolderMemory => ({ rules: '', folders: new Map() });

interface Collector {
  readonly reader: TreeReader;
  readonly root: string;
  readonly ignore: Ignore;
  readonly memory: FolderMemory;
  readonly files: Map<string, SourceFile>;
  readonly problems: { readonly path: string; readonly message: string }[];
  hasUnits: boolean;
}

const normal = (path: string): string => path.split('/').filter((part) => part !== '' && part !== '.').join('/');
const join = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** A file that says which manifests its folder consists of. */
export const isUnit = (entry: FolderEntry | undefined): boolean => entry?.type === 'file' && KUSTOMIZATION_FILES.has(entry.name);
export const isManifest = (entry: FolderEntry | undefined): boolean => entry?.type === 'file' && /\.ya?ml$/.test(entry.name);

/** What decides about which files count: the rules of the source and those in its `.sourceignore`. */
export function ignoreRules(reader: TreeReader, root: string, text: string | undefined): string {
  const file = reader.folder(root).find(({ name, type }) => name === '.sourceignore' && type === 'file');
  const own = file ? Buffer.from(reader.file(file.id)).toString('utf8').slice(0, 100_000) : '';
  return [text ?? DEFAULT_IGNORE, own, text ?? ''].join('\n');
}

/**
 * Adds what is in a folder. Returns the files when they are few and nothing but the plain files of the folder: then they
 * can be remembered, and so can those of the folder above.
 */
function collectFolder(collector: Collector, id: string, path: string, overlays: readonly Overlay[], depth: number): readonly SourceFile[] | undefined {
  const known = overlays.length === 0 ? remembered(collector, id, path) : undefined;
  if (known) {
    for (const file of known) addFile(collector, file);
    return known;
  }
  if (depth > MAX_DEPTH) {
    collector.problems.push({ path, message: `kustomize build failed: ${path} is nested deeper than ${MAX_DEPTH} folders` });
    return undefined;
  }
  const entries = collector.reader.folder(id);
  const unit = entries.find(isUnit);
  if (unit) {
    collector.hasUnits = true;
    collectUnit(collector, unit.id, path, unit.name, overlays, depth);
    return undefined;
  }
  const isPlain = overlays.length === 0;
  let plain: SourceFile[] | undefined = isPlain ? [] : undefined;
  for (const entry of entries) {
    const entryPath = join(path, entry.name);
    const isFolder = entry.type === 'folder';
    if (!isFolder && !/\.ya?ml$/.test(entry.name)) continue;
    // What is remembered was not ignored.
    const known = isFolder && isPlain ? remembered(collector, entry.id, entryPath) : undefined;
    if (!known && collector.ignore(entryPath, isFolder)) continue;
    let added: readonly SourceFile[] | undefined = known ?? [];
    if (known) for (const file of known) addFile(collector, file);
    else if (isFolder) added = collectFolder(collector, entry.id, entryPath, overlays, depth + 1);
    else if (entry.type === 'file') added = [addFile(collector, { path: entryPath, id: entry.id, overlays })];
    if (added && plain && plain.length + added.length <= MAX_REMEMBERED_FILES) plain.push(...added);
    else plain = undefined;
  }
  if (plain) {
    if (collector.memory.folders.size > MAX_FILES) collector.memory.folders.clear();
    collector.memory.folders.set(id, { path, files: plain });
  }
  return plain;
}

function remembered({ memory }: Collector, id: string, path: string): readonly SourceFile[] | undefined {
  const known = memory.folders.get(id);
  return known?.path === path ? known.files : undefined;
}

function addFile(collector: Collector, file: SourceFile): SourceFile {
  if (collector.files.size < MAX_FILES) collector.files.set(file.path, file);
  else if (!collector.problems.some(({ path }) => path === '')) {
    collector.problems.push({ path: '', message: `kustomize build failed: there are more than ${MAX_FILES} manifest files` });
  }
  return file;
}

/** A folder with a `kustomization.yaml`: what it lists, changed as it says. Features beyond that are refused by name. */
function collectUnit(collector: Collector, id: string, path: string, fileName: string, overlays: readonly Overlay[], depth: number): void {
  const file = join(path, fileName);
  const refuse = (why: string): void => {
    collector.problems.push({ path, message: `kustomize build failed: ${file}: ${why}` });
  };
  let unit: unknown;
  try {
    const bytes = collector.reader.file(id);
    if (bytes.length > 1024 * 1024) return refuse('it is larger than 1 MiB');
    unit = parseYaml(Buffer.from(bytes).toString('utf8'), { maxDepth: 20, maxNodes: 100_000 });
  } catch (error) {
    return refuse(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
  if (!isJsonObject(unit)) return refuse('it is not an object');
  const unknown = Object.keys(unit).filter((field) => !KNOWN_FIELDS.has(field));
  if (unknown.length > 0) return refuse(`${unknown.join(', ')} not supported by this agent`);
  const overlay = overlayOf(unit);
  if (!overlay) return refuse('namespace, labels and commonAnnotations must be texts, and labels must not be put into selectors');
  const resources: unknown = unit['resources'] ?? [];
  if (!Array.isArray(resources) || !resources.every((item) => typeof item === 'string')) return refuse('resources must be a list of paths');
  for (const resource of resources as readonly string[]) {
    const target = resolve(path, resource);
    const entry = target === undefined ? undefined : entryAt(collector.reader, collector.root, target);
    if (target === undefined || !entry || (entry.type !== 'file' && entry.type !== 'folder')) refuse(`resource ${resource} not found in this repository`);
    else if (entry.type === 'folder') collectFolder(collector, entry.id, target, [...overlays, overlay], depth + 1);
    else addFile(collector, { path: target, id: entry.id, overlays: [...overlays, overlay] });
  }
}

/** A path relative to a folder, as a path from the root; undefined when it leaves the root or is an address. */
function resolve(folder: string, relative: string): string | undefined {
  if (relative.startsWith('/') || relative.includes('://')) return undefined;
  const parts = folder === '' ? [] : folder.split('/');
  for (const part of relative.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

function overlayOf(unit: Readonly<Record<string, unknown>>): Overlay | undefined {
  const { namespace, labels, commonAnnotations } = unit;
  if (namespace !== undefined && typeof namespace !== 'string') return undefined;
  const annotations = textsOf(commonAnnotations);
  const entries: unknown = labels ?? [];
  if (!annotations || !Array.isArray(entries)) return undefined;
  const merged: Record<string, string> = {};
  for (const entry of entries as readonly unknown[]) {
    const pairs = isJsonObject(entry) && !entry['includeSelectors'] ? textsOf(entry['pairs']) : undefined;
    if (!pairs) return undefined;
    Object.assign(merged, pairs);
  }
  return { ...(namespace ? { namespace } : {}), labels: merged, annotations };
}

function textsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value) || !Object.values(value).every((text) => typeof text === 'string')) return undefined;
  return value as Readonly<Record<string, string>>;
}
