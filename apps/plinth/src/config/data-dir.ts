import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, fsyncSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { exitCodes, UserError } from '../errors.ts';

/** What the units are called, in the order in which they are shown. */
export const unitNames = ['git', 'platform', 'worker'] as const;
export type UnitName = (typeof unitNames)[number];

/** What `plinth.json` in the data directory holds: what this installation is, and what it decided once. */
export interface Installation {
  readonly format: 1;
  readonly id: string;
  /** `ingress`: where the Ingresses of the worker are served; absent in what an older Plinth wrote. */
  readonly ports: Readonly<Record<UnitName, number>> & { readonly ingress?: number };
  /** The second byte of each cluster's loopback addresses, 127.B.0.0/16. */
  readonly blocks: Readonly<Record<'platform' | 'worker', number>>;
  /** Stores that were made; one of these missing later is damage, and not a reason to start afresh. */
  readonly initialised: readonly UnitName[];
}

/** Where everything lies below the data directory. */
export interface DataDir {
  readonly root: string;
  readonly installationFile: string;
  readonly kubeconfig: string;
  readonly logs: string;
  readonly cluster: (name: 'platform' | 'worker') => string;
  readonly git: string;
  readonly postgres: string;
  /** For lock files. */
  readonly run: string;
  /** For sockets; elsewhere when the data directory's path is too long for one. */
  readonly socket: (name: string) => string;
}

export function dataDirLayout(root: string): DataDir {
  const run = join(root, 'run');
  return {
    root,
    installationFile: join(root, 'plinth.json'),
    kubeconfig: join(root, 'kubeconfig'),
    logs: join(root, 'logs'),
    cluster: (name) => join(root, 'clusters', name),
    git: join(root, 'git'),
    postgres: join(root, 'postgres'),
    run,
    socket: (name) => join(socketFolder(run), `${name}.sock`),
  };
}

/** Makes the folders, readable by their owner alone. Refuses a folder that holds something else. */
export function prepareDataDir(root: string): DataDir {
  const layout = dataDirLayout(root);
  try {
    if (existsSync(root)) {
      if (!statSync(root).isDirectory()) throw new UserError(`${root} is no directory`, { exitCode: exitCodes.dataDirUnusable });
      // A first start that was interrupted leaves these and nothing else.
      const harmless = ['run', 'logs'];
      if (!existsSync(layout.installationFile) && readdirSync(root).some((name) => !harmless.includes(name))) {
        throw new UserError(`${root} is not empty and holds no Plinth (no ${layout.installationFile})`, {
          hint: 'choose an empty or a new folder with --data-dir; if this was a Plinth, restore plinth.json from a backup',
          exitCode: exitCodes.dataDirUnusable,
        });
      }
    }
    for (const folder of [root, layout.run, layout.logs, dirname(layout.socket('x'))]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(root, 0o700);
    refuseForeign(dirname(layout.socket('x')));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot use ${root} as the data directory: ${(error as Error).message}`, { exitCode: exitCodes.dataDirUnusable, cause: error });
  }
  return layout;
}

/** Below a folder that everybody may write to, somebody else may have been there first. */
function refuseForeign(folder: string): void {
  const found = lstatSync(folder);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return;
  if (process.getuid) throw new UserError(`${folder} does not belong to this user alone`, { hint: 'remove it, or choose a shorter path for the data directory', exitCode: exitCodes.dataDirUnusable });
}

/** Undefined when there is none yet. A damaged or newer one is refused, never replaced. */
export function readInstallation(layout: DataDir): Installation | undefined {
  if (!existsSync(layout.installationFile)) return undefined;
  const refuse = (found: string, hint: string): never => {
    throw new UserError(`cannot use the data directory: ${layout.installationFile} ${found}`, { hint, exitCode: exitCodes.dataDirUnusable });
  };
  let value: Partial<Installation> & { format?: unknown };
  try {
    value = JSON.parse(readFileSync(layout.installationFile, 'utf8')) as Partial<Installation>;
  } catch (error) {
    return refuse(`is damaged: ${(error as Error).message}`, 'restore it from a backup; nothing was changed');
  }
  if (typeof value.format === 'number' && value.format > 1) {
    return refuse(`was written by a newer Plinth (format ${value.format}, this one knows 1)`, 'start it with the newer version');
  }
  const whole =
    value.format === 1 &&
    typeof value.id === 'string' &&
    unitNames.every((name) => isPort(value.ports?.[name])) &&
    (value.ports?.ingress === undefined || isPort(value.ports.ingress)) &&
    [value.blocks?.platform, value.blocks?.worker].every((block) => Number.isInteger(block)) &&
    Array.isArray(value.initialised);
  return whole ? (value as Installation) : refuse('is damaged: fields are missing', 'restore it from a backup; nothing was changed');
}

export function writeInstallation(layout: DataDir, installation: Installation): void {
  writeFileDurably(layout.installationFile, `${JSON.stringify(installation, null, 2)}\n`);
}

export const newInstallationId = (): string => randomBytes(8).toString('hex');

/** Written beside, synced, and put in place in one step. */
export function writeFileDurably(file: string, content: string, mode = 0o600): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode });
  sync(temporary);
  renameSync(temporary, file);
  sync(dirname(file));
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const isPort = (value: unknown): boolean => Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536;

/** A socket's path may have 107 bytes on Linux and 103 on macOS; the longest name needs 16 of them. */
function socketFolder(run: string): string {
  if (Buffer.byteLength(run) <= 85) return run;
  const id = createHash('sha256').update(run).digest('hex').slice(0, 12);
  return join(tmpdir(), `plinth-${userInfo().uid}-${id}`);
}
