import { createHash, randomBytes } from 'node:crypto';
import { constants, existsSync, lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { chmod, copyFile, mkdir, open, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PostgresError } from '../errors.ts';
import { isReachable, type EngineUser } from './engine-user.ts';

export interface MaterialiseOptions {
  /** The npm package's `native` folder: `bin`, `lib`, `share` and `pg-symlinks.json`. */
  readonly packageDir: string;
  readonly version: string;
  readonly engineRoot: string;
  readonly user: EngineUser | undefined;
  /** Where to put it, the first that will do. Default: see {@link placesFor}. */
  readonly places?: readonly string[];
}

/**
 * Copies PostgreSQL once to a folder that the engine's user can reach, and returns that folder. The name holds version
 * and digest, so another version lies beside it and a server that runs keeps its own.
 *
 * Guarantees: the folder appears whole or not at all (copied, read back, synced, renamed); as root it belongs to root and
 * only root can write it and every folder above it, so that nobody can slip another program in.
 * Errors: `EngineUnreachable` with each place that was tried.
 */
export async function materialiseEngine(options: MaterialiseOptions): Promise<string> {
  const files = listEngineFiles(options.packageDir);
  const name = `postgresql-${options.version}-${process.platform}-${process.arch}-${quickDigest(files)}`;
  const problems: string[] = [];
  for (const root of options.places ?? placesFor(options)) {
    try {
      await mkdir(root, { recursive: true, mode: 0o755 });
      const problem = distrust(root, options.user);
      if (problem) {
        problems.push(`${root}: ${problem}`);
        continue;
      }
      const target = join(root, name);
      if (await isWhole(target, files)) return target;
      await copyEngine(options.packageDir, files, root, target);
      return target;
    } catch (error) {
      problems.push(`${root}: ${(error as Error).message}`);
    }
  }
  throw new PostgresError(
    'EngineUnreachable',
    `PostgreSQL could not be copied to where the user ${options.user?.name ?? 'that runs Plinth'} can run it (${problems.join('; ')})`,
    'Make one of these folders writable, or run Plinth as an ordinary user',
  );
}

/** Whether the links between the package's libraries are there: its post-install step makes them, and may not have run. */
export function hasSharedLibraries(packageDir: string): boolean {
  return declaredLinks(packageDir).every((link) => existsSync(join(packageDir, link.path)));
}

interface EngineFile {
  /** Relative to the package's `native` folder. */
  readonly path: string;
  readonly size: number;
  readonly executable: boolean;
}

/** What a running server needs; headers, static libraries and the like stay behind. */
function listEngineFiles(packageDir: string): readonly EngineFile[] {
  return ['bin', 'lib', 'share']
    .flatMap((folder) => readdirSync(join(packageDir, folder), { withFileTypes: true, recursive: true }))
    .filter((entry) => entry.isFile() && !/\.(a|la|pc|h)$/.test(entry.name))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { size } = lstatSync(path);
      const relative = path.slice(packageDir.length + 1);
      return { path: relative, size, executable: relative.startsWith('bin/') || /\.(so|dylib)(\.|$)/.test(relative) };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Tells versions apart without reading 50 MB at every start; the bytes themselves are compared when they are copied. */
const quickDigest = (files: readonly EngineFile[]): string =>
  createHash('sha256')
    .update(files.map((file) => `${file.path}\0${file.size}\n`).join(''))
    .digest('hex')
    .slice(0, 12);

/** As root a place that others can enter, else Plinth's own folder. */
function placesFor(options: MaterialiseOptions): readonly string[] {
  if (!options.user) return [join(options.engineRoot, 'engines')];
  const places = ['/var/lib/plinth/engines', '/opt/plinth/engines', '/var/cache/plinth/engines'];
  return [...places, join(tmpdir(), 'plinth-engines')];
}

/** Why programs in this folder must not be trusted, or cannot be reached; undefined when all is well. */
function distrust(root: string, user: EngineUser | undefined): string | undefined {
  if (!user) return undefined;
  if (!isReachable(root, user)) return `the user ${user.name} cannot enter it`;
  for (let at = root; ; at = dirname(at)) {
    const found = lstatSync(at);
    const sticky = (found.mode & 0o1000) !== 0;
    if (found.uid !== 0) return `${at} does not belong to root`;
    if (!found.isDirectory()) return `${at} is not a folder`;
    if (found.mode & 0o022 && !(sticky && at !== root)) return `${at} can be written by others`;
    if (at === dirname(at)) return undefined;
  }
}

async function isWhole(target: string, files: readonly EngineFile[]): Promise<boolean> {
  if (!(await stat(target).catch(() => undefined))) return false;
  const sizes = await Promise.all(files.map((file) => stat(join(target, file.path)).then((found) => found.size, () => -1)));
  if (files.every((file, index) => sizes[index] === file.size)) return true;
  // Somebody removed parts of it (a cleaner of temporary folders, say). It is a cache: make it again.
  await rm(target, { recursive: true, force: true });
  return false;
}

async function copyEngine(packageDir: string, files: readonly EngineFile[], root: string, target: string): Promise<void> {
  const draft = join(root, `.draft-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    const folders = [...new Set(files.map((file) => dirname(file.path)))];
    for (const folder of folders) await mkdir(join(draft, folder), { recursive: true, mode: 0o755 });
    for (let index = 0; index < files.length; index += 64) {
      await Promise.all(files.slice(index, index + 64).map((file) => copyVerified(packageDir, draft, file)));
    }
    for (const link of declaredLinks(packageDir)) {
      if (!existsSync(join(draft, link.path))) await symlink(link.to, join(draft, link.path));
    }
    for (const folder of ['.', ...folders]) await chmod(join(draft, folder), 0o755);
    await rename(draft, target).catch(async (error: NodeJS.ErrnoException) => {
      // Another Plinth was faster.
      if (!['ENOTEMPTY', 'EEXIST'].includes(error.code ?? '') || !(await isWhole(target, files))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
    await removeOldDrafts(root);
  }
}

async function copyVerified(packageDir: string, draft: string, file: EngineFile): Promise<void> {
  const [from, to] = [join(packageDir, file.path), join(draft, file.path)];
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await chmod(to, file.executable ? 0o755 : 0o644);
  const [source, copy] = await Promise.all([readFile(from), readFile(to)]);
  if (!source.equals(copy)) throw new Error(`${to} differs from ${from} after copying`);
  await using handle = await open(to, 'r');
  await handle.sync();
}

/** `pg-symlinks.json` names links relative to the package, one folder above `native`. */
function declaredLinks(packageDir: string): readonly { readonly path: string; readonly to: string }[] {
  const list = join(packageDir, 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const entries = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  const inside = (path: string): string | undefined => (/^native\/lib\/[^/]+$/.test(path) ? path.slice('native/'.length) : undefined);
  return entries.flatMap(({ source, target }) => {
    const [from, to] = [inside(source), inside(target)];
    return from && to && existsSync(join(packageDir, from)) ? [{ path: to, to: from.slice('lib/'.length) }] : [];
  });
}

/** Left by a copy that was killed. One hour is far more than a copy takes. */
async function removeOldDrafts(root: string): Promise<void> {
  for (const entry of await readdir(root)) {
    const path = join(root, entry);
    if (!entry.startsWith('.draft-')) continue;
    const found = statSync(path, { throwIfNoEntry: false });
    if (found && Date.now() - found.mtimeMs > 3_600_000) await rm(path, { recursive: true, force: true });
  }
}
