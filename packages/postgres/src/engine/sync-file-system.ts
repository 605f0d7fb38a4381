import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';

/**
 * Makes everything that was written below a path durable, by asking its file system as a whole (`sync -f`, Linux). A
 * thousand files of a fresh data directory take a quarter of the time that way, and those who ask while a sync runs
 * share the next one, so a burst of databases costs a few syncs.
 *
 * Resolves with false where that is not possible, or not quick because others write a lot to the same disk: the caller
 * then syncs file by file.
 */
export function createFileSystemSyncer(patienceMs = 1_000): (path: string) => Promise<boolean> {
  let waiting: { readonly path: string; readonly settle: (synced: boolean) => void }[] = [];
  let isRunning = false;

  const run = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      const synced = runSync([...oneOfEachDevice(group.map(({ path }) => path))]);
      const timer = setTimeout(() => group.forEach(({ settle }) => settle(false)), patienceMs);
      const result = await synced;
      clearTimeout(timer);
      for (const { settle } of group) settle(result);
    }
    isRunning = false;
  };
  return (path) => {
    if (process.platform !== 'linux') return Promise.resolve(false);
    return new Promise((settle) => {
      waiting.push({ path, settle });
      if (!isRunning) void run();
    });
  };
}

function oneOfEachDevice(paths: readonly string[]): Iterable<string> {
  return new Map(paths.map((path) => [statSync(path, { throwIfNoEntry: false })?.dev, path])).values();
}

function runSync(paths: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('sync', ['-f', ...paths], { stdio: 'ignore', env: { PATH: '/usr/bin:/bin' } });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
