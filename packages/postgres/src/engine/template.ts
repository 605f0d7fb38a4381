import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PostgresError } from '../errors.ts';
import { listTree, syncPath, syncTree } from './copy-tree.ts';
import { dataDirArgument } from './data-dir.ts';
import type { Engine } from './locate-engine.ts';
import { runSingleUser } from './single-user.ts';

/** A data directory as initdb makes it, ready to be copied. Nobody ever starts a server in it. */
export interface Template {
  readonly dataDir: string;
  /** The superuser is called `postgres` and has this password until an instance sets its own. */
  readonly bootstrapPassword: string;
}

const superuser = 'postgres';

/**
 * The template for this engine, made when it is not there (about 0.4 s, once per version and machine).
 *
 * Guarantees: it appears whole or not at all. The password is random, and readable by Plinth's user alone.
 * Errors: `InitFailed` with what initdb said.
 */
export async function ensureTemplate(engine: Engine, engineRoot: string): Promise<Template> {
  const root = join(engineRoot, 'templates');
  const target = join(root, `postgresql-${engine.version}-${settingsDigest(engine)}`);
  await mkdir(root, { recursive: true, mode: 0o700 });
  if (!existsSync(target)) await makeTemplate(engine, root, target);
  return {
    dataDir: join(target, 'data'),
    bootstrapPassword: (await readFile(join(target, 'bootstrap-password'), 'utf8')).trim(),
  };
}

/**
 * The collation is PostgreSQL's own where it has one (17 and later): it sorts the same on every system and does not
 * change under an index when the C library does.
 */
function initArguments(engine: Engine): readonly string[] {
  return [
    `--username=${superuser}`,
    '--auth=scram-sha-256',
    '--pwfile=/dev/fd/0',
    '--encoding=UTF8',
    `--locale=${process.platform === 'linux' ? 'C.UTF-8' : 'C'}`,
    ...(engine.major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
    '--data-checksums',
    '--no-sync',
    '--no-instructions',
  ];
}

/** The source counts too: another build of the same version may lay out its files differently. */
const settingsDigest = (engine: Engine): string =>
  createHash('sha256').update(JSON.stringify([engine.source, engine.user?.uid, initArguments(engine), preparation, templateFormat])).digest('hex').slice(0, 8);

async function makeTemplate(engine: Engine, root: string, target: string): Promise<void> {
  const draft = join(root, `.draft-${process.pid}-${randomBytes(4).toString('hex')}`);
  const [dataDir, passwordFile] = [join(draft, 'data'), join(draft, 'bootstrap-password')];
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await writeFile(passwordFile, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
    if (engine.user) await Promise.all([dataDir, passwordFile].map((path) => chown(path, engine.user!.uid, engine.user!.gid)));
    await runInitdb(engine, dataDir, passwordFile);
    await prepareForCopies(engine, dataDir);
    if (engine.user) await chown(passwordFile, process.getuid!(), process.getgid!());
    await chmod(passwordFile, 0o600);
    await syncTree(draft, listTree(draft));
    await rename(draft, target).catch((error: NodeJS.ErrnoException) => {
      // Another Plinth of the same data directory was faster; its template is as good.
      if (!['ENOTEMPTY', 'EEXIST'].includes(error.code ?? '')) throw error;
    });
    await syncPath(root);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await removeOldDrafts(root);
}

/** A database like `template1` that nobody has used: renaming it takes a millisecond, making one takes forty. */
export const preparedDatabase = 'plinth_prepared';

/** The log begins afresh, so that a copy has next to nothing of it to copy. */
const preparation = [
  `create database ${preparedDatabase} allow_connections false`,
  'select pg_switch_wal()',
  'checkpoint',
  'select pg_walfile_name(pg_current_wal_insert_lsn()) as segment',
];
/** Counted up when the preparation changes otherwise. */
const templateFormat = 2;

async function prepareForCopies(engine: Engine, dataDir: string): Promise<void> {
  const printed = await runSingleUser(engine, dataDir, preparation);
  const segment = /segment = "([0-9A-F]{24})"/.exec(printed)?.[1];
  if (!segment) throw new PostgresError('InitFailed', `preparing a PostgreSQL ${engine.version} data directory in ${dataDir} failed: it does not say where its log is`, 'Report this with the version of PostgreSQL');
  // Older segments, and those that it keeps for later use; the shutdown's checkpoint is in this one.
  for (const entry of await readdir(join(dataDir, 'pg_wal'))) {
    if (/^[0-9A-F]{24}$/.test(entry) && entry !== segment) await rm(join(dataDir, 'pg_wal', entry));
  }
  // Free space and visibility maps are optional and made again when there is something to note: a quarter of the files.
  for (const file of listTree(dataDir).files) {
    if (/^(base\/\d+|global)\/\d+_(fsm|vm)$/.test(file)) await rm(join(dataDir, file));
  }
}

async function runInitdb(engine: Engine, dataDir: string, passwordFile: string): Promise<void> {
  // The engine's user may not be able to enter the folders above; an open file it can read all the same.
  await using password = await open(passwordFile, 'r');
  const child = spawn(join(engine.binDir, 'initdb'), ['-D', dataDirArgument(engine, dataDir), ...initArguments(engine)], {
    cwd: dataDir,
    env: { PATH: '/usr/bin:/bin', TZ: 'UTC', LC_ALL: 'C' },
    stdio: [password.fd, 'pipe', 'pipe'],
    timeout: 120_000,
    ...(engine.user ? { uid: engine.user.uid, gid: engine.user.gid } : {}),
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => (output = (output + chunk).slice(-4000)));
  const ended = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? '' : `initdb ended with ${signal ?? `code ${code}`}`));
  });
  if (!ended) return;
  throw new PostgresError(
    'InitFailed',
    `preparing a PostgreSQL ${engine.version} data directory in ${dataDir} failed: ${ended}: ${output.trim()}`,
    'Check the free space and the permissions of that folder',
  );
}

async function removeOldDrafts(root: string): Promise<void> {
  for (const entry of await readdir(root)) {
    const path = join(root, entry);
    if (!entry.startsWith('.draft-')) continue;
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > 3_600_000) await rm(path, { recursive: true, force: true });
  }
}
