import { existsSync } from 'node:fs';
import { chown, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PostgresError } from '../errors.ts';
import { syncPath } from './copy-tree.ts';
import type { Engine } from './locate-engine.ts';

/** What lies in an instance's folder (Spilo's `PGROOT`). */
export interface InstanceFolder {
  readonly root: string;
  readonly dataDir: string;
  readonly logFile: string;
}

/** `unfinished`: a copy that was interrupted before anybody could log in to it; it may be thrown away. */
export type DataState = { readonly type: 'absent' } | { readonly type: 'unfinished' } | { readonly type: 'ready'; readonly major: number };

interface StateFile {
  readonly phase: 'copying' | 'ready';
}

/** The folders of an instance below `root`, made when missing. Only Plinth's user can enter them. */
export async function openInstanceFolder(root: string): Promise<InstanceFolder> {
  await mkdir(join(root, 'pg_log'), { recursive: true, mode: 0o700 });
  return { root, dataDir: join(root, 'data'), logFile: join(root, 'pg_log', 'postgresql.log') };
}

/**
 * How the server is told its data directory. The folders above it may be closed to the engine's user, but a process
 * may always use the folder that it stands in, and Node changes to it while it is still root.
 */
export function dataDirArgument(engine: Pick<Engine, 'user'>, dataDir: string): string {
  return engine.user && process.platform === 'linux' ? '/proc/self/cwd' : dataDir;
}

/**
 * What is there.
 *
 * Errors: `DataDamaged` when there was a data directory and it is gone or incomplete. It is never started afresh by
 * itself: that would turn a wrong mount or a lost disk into the loss of the data.
 */
export async function inspectData(folder: InstanceFolder): Promise<DataState> {
  const state = await readState(folder);
  if (state?.phase === 'copying') return { type: 'unfinished' };
  const present = existsSync(folder.dataDir);
  if (!state && !present) return { type: 'absent' };
  const version = await readFile(join(folder.dataDir, 'PG_VERSION'), 'utf8').catch(() => undefined);
  const problem = !present
    ? 'it is missing'
    : version === undefined
      ? 'PG_VERSION in it cannot be read'
      : !/^\d+\s*$/.test(version)
        ? 'PG_VERSION in it holds no version'
        : existsSync(join(folder.dataDir, 'global', 'pg_control'))
          ? undefined
          : 'global/pg_control in it is missing';
  if (problem) {
    throw new PostgresError(
      'DataDamaged',
      `the data directory ${folder.dataDir} is damaged: ${problem}`,
      `Restore it from a backup; to start with an empty database instead, remove the folder ${folder.root} yourself`,
    );
  }
  return { type: 'ready', major: Number.parseInt(version!, 10) };
}

/**
 * Makes room for a new data directory: from here until {@link finishData} a crash throws away whatever is there. Nothing
 * may be running in it.
 */
export async function beginData(folder: InstanceFolder): Promise<void> {
  await writeState(folder, { phase: 'copying' });
  await rm(folder.dataDir, { recursive: true, force: true });
}

/** From here on the data directory is for keeps. Call it when every byte of it is on disk, and before anybody is let in. */
export async function finishData(folder: InstanceFolder): Promise<void> {
  await syncPath(folder.root);
  await writeState(folder, { phase: 'ready' });
}

/** Replaces a file whole and durably: a reader (also after a power cut) sees the old text or the new. */
export async function replaceFile(path: string, text: string, owner?: { readonly uid: number; readonly gid: number }): Promise<void> {
  const draft = `${path}.draft`;
  {
    await using handle = await open(draft, 'w', 0o600);
    await handle.writeFile(text);
    await handle.sync();
  }
  if (owner) await chown(draft, owner.uid, owner.gid);
  await rename(draft, path);
  await syncPath(dirname(path));
}

const stateFile = (folder: InstanceFolder): string => join(folder.root, 'plinth-state.json');

async function readState(folder: InstanceFolder): Promise<StateFile | undefined> {
  let text: string;
  try {
    text = await readFile(stateFile(folder), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const phase = /"phase":\s*"(copying|ready)"/.exec(text)?.[1];
  if (phase) return { phase: phase as StateFile['phase'] };
  throw new PostgresError('DataDamaged', `${stateFile(folder)} holds no known phase`, 'Restore it from a backup, or remove the file if the data beside it is whole');
}

const writeState = (folder: InstanceFolder, state: StateFile): Promise<void> => replaceFile(stateFile(folder), `${JSON.stringify(state)}\n`);
