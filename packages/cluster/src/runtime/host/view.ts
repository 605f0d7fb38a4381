import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import type { HostImage } from './host-image.ts';

/** One thing that is mounted or made, in order, to build the tree that a command sees. */
export type Layer =
  | { readonly type: 'tmpfs'; readonly path: string; readonly mode: '0755' | '0777' | '1777' }
  /** With those above it, for everybody to pass through. */
  | { readonly type: 'directory'; readonly path: string }
  | { readonly type: 'bind'; readonly path: string; readonly source: string; readonly readOnly: boolean }
  | { readonly type: 'symlink'; readonly path: string; readonly to: string }
  /** A symlink for each entry of `source`, a directory of this machine that is seen at `through`. */
  | { readonly type: 'links'; readonly path: string; readonly source: string; readonly through: string; readonly except: readonly string[] }
  | { readonly type: 'dev' }
  | { readonly type: 'proc' };

export interface ViewOptions {
  readonly mounts: ReadonlyMap<string, string>;
  readonly readOnlyMounts: ReadonlySet<string>;
  readonly readOnlyRoot: boolean;
  /** Further directories of this machine, read-only: tools. */
  readonly toolDirectories: readonly string[];
  /** What programs in the place of missing tools are made of. */
  readonly spares: readonly Layer[];
  /** Never seen, wherever they are. */
  readonly hidden: readonly string[];
  readonly image: HostImage | undefined;
}

/** What of this machine a command sees besides its volumes, read-only. */
const SYSTEM_DIRECTORIES = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc', '/opt', '/nix', '/run/systemd/resolve'];
/** Where the sandbox keeps what it needs itself. */
export const PLINTH = '/run/plinth';
/** Directories with tools, which may lie where nobody but root can go: a number each. */
export const toolDirectory = (index: number): string => `${PLINTH}/tools/${index}`;
/** Directories of this machine again, where something was put in front of them. */
const BEHIND = `${PLINTH}/host`;
/** The content of the image: a file or folder per number. */
export const imageSource = (index: number): string => `${PLINTH}/image/${index}`;

/**
 * The tree that a command sees: the system read-only, empty places of its own to write to, the image's content on its way
 * in, its volumes, and nothing else: no home directories, no `/var`, nothing of Plinth's.
 */
export function buildView(options: ViewOptions): readonly Layer[] {
  const { mounts, readOnlyMounts, image } = options;
  const layers: Layer[] = [{ type: 'tmpfs', path: '/', mode: options.readOnlyRoot ? '0755' : '0777' }];
  layers.push(...systemAt('', options.hidden));
  layers.push({ type: 'dev' }, { type: 'proc' });
  for (const path of ['/tmp', '/var/tmp', '/root', PLINTH]) layers.push({ type: 'tmpfs', path, mode: '1777' });
  if (options.toolDirectories.length > 0) layers.push({ type: 'directory', path: dirname(toolDirectory(0)) });
  for (const [index, source] of options.toolDirectories.entries()) if (existsSync(source)) layers.push({ type: 'bind', source, path: toolDirectory(index), readOnly: true });

  layers.push(...options.spares);

  const files = (image?.files ?? []).flatMap(({ source, target }) => pathsOf(source, target));
  const opened = openedDirectories([...files, ...mounts.keys(), ...(image?.directories ?? [])]);
  if (opened.length > 0) layers.push(...systemAt(BEHIND, options.hidden));
  const replaced = new Set([...files, ...mounts.keys(), ...opened].map(canonical));
  for (const path of opened) {
    const except = readdirSync(path).filter((name) => replaced.has(join(path, name)));
    layers.push({ type: 'tmpfs', path, mode: '0777' }, { type: 'links', path, source: path, through: `${BEHIND}${path}`, except });
  }
  if (image?.files?.length) layers.push({ type: 'directory', path: dirname(imageSource(0)) });
  for (const [index, { source }] of (image?.files ?? []).entries()) layers.push({ type: 'bind', source, path: imageSource(index), readOnly: true });
  // Those that exist on this machine are there already; bubblewrap would make the others for root only.
  for (const path of mounts.keys()) layers.push(...parentsOf(path).map((each) => ({ type: 'directory', path: each }) as const));
  for (const [path, source] of inOrder(mounts)) layers.push({ type: 'bind', source, path, readOnly: readOnlyMounts.has(path) });
  return layers;
}

function parentsOf(path: string): readonly string[] {
  const parents: string[] = [];
  for (let parent = dirname(path); parent !== '/' && !isSystem(parent); parent = dirname(parent)) parents.unshift(parent);
  return parents;
}

/** The system's directories at their paths below `prefix`, without what is hidden. */
function systemAt(prefix: string, hidden: readonly string[]): readonly Layer[] {
  const layers: Layer[] = [];
  for (const path of SYSTEM_DIRECTORIES) {
    if (!existsSync(path)) continue;
    if (lstatSync(path).isSymbolicLink()) layers.push({ type: 'symlink', path: prefix + path, to: readlinkSync(path) });
    else layers.push({ type: 'bind', source: path, path: prefix + path, readOnly: true });
  }
  for (const path of hidden) {
    if (!existsSync(path)) continue;
    const real = realpathSync(path);
    if (isSystem(real)) layers.push({ type: 'tmpfs', path: prefix + real, mode: '0755' });
  }
  const shell = plainShell();
  if (shell) layers.push({ type: 'bind', source: shell.bash, path: prefix + shell.plain, readOnly: true });
  return layers;
}

/**
 * Steps are written for the shell of Alpine, which knows `[ a == b ]` and `set -o pipefail`. Debian's `sh` knows neither,
 * and takes the wrong branch in silence where Alpine's takes the right one. Where bash is there, it serves as `sh`.
 */
function plainShell(): { readonly plain: string; readonly bash: string } | undefined {
  const bash = ['/usr/bin/bash', '/bin/bash'].find((path) => existsSync(path));
  const plain = existsSync('/bin/sh') ? realpathSync('/bin/sh') : undefined;
  return bash && plain && basename(plain) === 'dash' ? { plain, bash: realpathSync(bash) } : undefined;
}

/** The paths that a file or a folder of an image takes in the container. */
function pathsOf(source: string, target: string): readonly string[] {
  if (!existsSync(source) || !statSync(source).isDirectory()) return [target];
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(target, entry.parentPath.slice(source.length), entry.name));
}

/**
 * Directories of the system in which something is to appear that this machine does not have. The system is read-only, so
 * each of them is made anew with links to what it holds.
 */
function openedDirectories(targets: readonly string[]): readonly string[] {
  const opened = new Set<string>();
  for (const target of targets) {
    // What is there already can be mounted upon.
    let directory = dirname(target);
    while (!existsSync(directory)) directory = dirname(directory);
    const real = realpathSync(directory);
    if (isSystem(real)) opened.add(real);
  }
  // Between two of them a link would lead past the inner one.
  for (const path of opened) {
    for (let above = dirname(path); above !== '/'; above = dirname(above)) {
      if ([...opened].some((each) => above === each || above.startsWith(`${each}/`))) opened.add(above);
    }
  }
  return [...opened].toSorted(byDepth);
}

/** `/bin/x` is `/usr/bin/x` where `/bin` is a link. */
function canonical(path: string): string {
  const parent = dirname(path);
  return existsSync(parent) ? join(realpathSync(parent), basename(path)) : path;
}

/** Whether what lies there is the machine's: seen by every command, written by none. */
export const isMachines = (path: string, hidden: readonly string[]): boolean => {
  const plain = normalize(path);
  return isSystem(plain) && !hidden.some((each) => plain === each || plain.startsWith(`${each}/`));
};

const isSystem = (path: string): boolean => SYSTEM_DIRECTORIES.some((each) => path === each || path.startsWith(`${each}/`));

const byDepth = (left: string, right: string): number => left.split('/').length - right.split('/').length || (left < right ? -1 : 1);

/** Outer mounts before those inside of them. */
const inOrder = (mounts: ReadonlyMap<string, string>): readonly (readonly [string, string])[] => [...mounts].toSorted(([left], [right]) => byDepth(left, right));
