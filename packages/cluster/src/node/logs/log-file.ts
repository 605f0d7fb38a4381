import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the lines of one run of a container stand. */
export interface LogPlace {
  readonly path: string;
  /** Before each of its lines; empty where the file is the run's alone. */
  readonly tag: string;
}

/**
 * The place for a run of a container: a file of its own where containers run for ever. In a pod that runs to its end, all share
 * one, since the containers of a workflow have little to say, and most of the price of a line is the making of its file.
 */
export const logPlace = (podRoot: string, runsToEnd: boolean, container: string, run: number): LogPlace =>
  runsToEnd ? { path: join(podRoot, 'pod.log'), tag: `${container}.${run} ` } : { path: join(podRoot, 'logs', `${container}.${run}.log`), tag: '' };

export const rotatedFile = (path: string): string => `${path}.1`;

/** What is there of a file and the one before it. */
export const readLogFile = (path: string): string => readIfThere(rotatedFile(path)) + readIfThere(path);

/** Whether anything was printed. Reads a file that is shared; a run's own tells by its size. */
export const isLogThere = ({ path, tag }: LogPlace): boolean => {
  if (tag === '') return [path, rotatedFile(path)].some((file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0);
  const text = readLogFile(path);
  return text.startsWith(tag) || text.includes(`\n${tag}`);
};

/**
 * A file that is appended to and never grows beyond `maxBytes`; the one before it is kept with `.1` at its end. It is made, and its
 * folder, with the first lines, and open only while it has users.
 *
 * Errors: those of the disk, on `append`; the next one tries again.
 */
export interface LogFile {
  /** One more writer has come. */
  use(): void;
  append(bytes: Uint8Array): void;
  /** One writer has gone. */
  release(): void;
}

export const MAX_LOG_BYTES = 4 * 1024 * 1024;

export function createLogFile(path: string, maxBytes = MAX_LOG_BYTES): LogFile {
  let descriptor: number | undefined;
  let size = 0;
  let users = 0;
  const close = (): void => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  return {
    use: () => {
      users += 1;
    },
    append: (bytes) => {
      try {
        if (descriptor === undefined) {
          descriptor = openForAppend(path);
          size = fstatSync(descriptor).size;
        }
        if (size > 0 && size + bytes.length > maxBytes) {
          close();
          renameSync(path, rotatedFile(path));
          descriptor = openSync(path, 'a', 0o600);
          size = 0;
        }
        writeSync(descriptor, bytes);
        size += bytes.length;
      } catch (error) {
        close();
        throw error;
      }
    },
    release: () => {
      users -= 1;
      if (users === 0) close();
    },
  };
}

/** The directory is made when its absence shows: most containers are not the first of their pod. */
function openForAppend(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, 'a', 0o600);
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return '';
  }
}
