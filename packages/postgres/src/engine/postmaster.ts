import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ListenAddress } from './settings.ts';

/** `postmaster.pid`, the file by which a server says that it has a data directory. */
export interface PostmasterFile {
  readonly pid: number;
  /** Unix seconds. */
  readonly startedAt: number;
  readonly listen: ListenAddress | undefined;
  readonly status: 'starting' | 'stopping' | 'ready' | 'standby' | 'unknown';
}

/** A server process that holds a data directory, found through its file and checked against the process itself. */
export interface Postmaster extends PostmasterFile {
  readonly isAlive: () => boolean;
}

/** Lines: pid, data directory, start time, port, socket folder, listen address, shared memory, status. */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const [host, port] = [lines[5]?.trim(), Number(lines[3])];
  const word = lines[7]?.trim();
  return {
    pid,
    startedAt: Number(lines[2]) || 0,
    listen: host && Number.isInteger(port) ? { host, port } : undefined,
    status: word === 'starting' || word === 'stopping' || word === 'ready' || word === 'standby' ? word : 'unknown',
  };
}

export function readPostmasterFile(dataDir: string): PostmasterFile | undefined {
  try {
    return parsePostmasterFile(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The server that runs in this data directory, or undefined. After a crash of the machine the number in the file may
 * belong to any process, even to the server of another database (same user!), which PostgreSQL itself would take for
 * its own and refuse to start; such a file is removed here.
 */
export function findPostmaster(dataDir: string): Postmaster | undefined {
  const file = readPostmasterFile(dataDir);
  if (!file) return undefined;
  const started = startMark(file.pid);
  if (started === undefined) return undefined; // PostgreSQL removes a file whose process is gone by itself.
  if (!worksIn(file.pid, dataDir)) {
    rmSync(join(dataDir, 'postmaster.pid'), { force: true });
    return undefined;
  }
  return { ...file, isAlive: () => startMark(file.pid) === started };
}

/**
 * Tells a process from a later one with the same number: undefined when there is none (a zombie counts as none: where
 * nothing reaps orphans it stays for ever).
 */
export function startMark(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The name in parentheses may hold anything; the fields after it are state (3rd) ... start time (22nd).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 2_000 }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** A postmaster's working directory is its data directory. Compared by inode, so that names and links do not matter. */
function worksIn(pid: number, dataDir: string): boolean {
  try {
    if (process.platform === 'linux') {
      const [cwd, own] = [statSync(`/proc/${pid}/cwd`), statSync(dataDir)];
      return cwd.ino === own.ino && cwd.dev === own.dev && /postgres/.test(readlinkSync(`/proc/${pid}/exe`));
    }
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', timeout: 2_000 });
    return command.includes('postgres') && command.includes(dataDir);
  } catch {
    return false;
  }
}
