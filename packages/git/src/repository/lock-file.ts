import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { GitRepositoryError } from '../errors.ts';

/** How long to wait for a lock that somebody else holds; stock git holds one for milliseconds. */
const waitMs = 3000;

export interface LockFile {
  /** Writes what the file shall hold, and waits until it is on disk. */
  write(text: string): Promise<void>;
  /** Puts it in place. Without it the file stays as it was. */
  commit(): Promise<void>;
}

/** Calls within this process wait for each other here instead of asking the file system again and again. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Runs `act` while holding `<path>.lock`, the way git locks a file: whoever creates the lock file may replace the file by
 * it. Other processes that use git's locks are kept out. Rejects with a {@link GitRepositoryError} when the lock stays.
 */
export async function withLock<T>(path: string, act: (lock: LockFile) => Promise<T>): Promise<T> {
  const before = queues.get(path);
  const turn = (before ?? Promise.resolve()).then(
    () => locked(path, act),
    () => locked(path, act),
  );
  queues.set(path, turn);
  try {
    return await turn;
  } finally {
    if (queues.get(path) === turn) queues.delete(path);
  }
}

async function locked<T>(path: string, act: (lock: LockFile) => Promise<T>): Promise<T> {
  const lockPath = `${path}.lock`;
  const file = await take(lockPath);
  let held = true;
  try {
    return await act({
      write: async (text) => {
        await file.writeFile(text);
        await file.sync();
      },
      commit: async () => {
        await rename(lockPath, path);
        held = false;
      },
    });
  } finally {
    await file.close();
    if (held) await rm(lockPath, { force: true });
  }
}

async function take(lockPath: string): Promise<FileHandle> {
  const until = performance.now() + waitMs;
  for (let pause = 2; ; pause = Math.min(pause * 2, 100)) {
    try {
      return await open(lockPath, 'wx');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (performance.now() > until) {
        throw new GitRepositoryError(`${lockPath} is held by another process`, { cause: error, hint: 'if no git process is running there, delete the file' });
      }
      await delay(pause);
    }
  }
}
