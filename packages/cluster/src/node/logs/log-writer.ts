import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatLine } from './log-line.ts';

export interface LogWriterOptions {
  /** Shared by the containers of a pod. */
  readonly directory: string;
  readonly container: string;
  /** Which run of the container this is: 0, 1 ... */
  readonly run: number;
  readonly now: () => number;
  readonly maxBytes?: number;
}

/**
 * Writes what one run of a container prints to `<container>.<run>.log`, line by line with times.
 *
 * Guarantees: a file never grows beyond `maxBytes`; the one before it is kept with `.1` at its end. A line longer than 64 KiB
 * is cut into several. Lines are on their way to the file within the same turn of the event loop, together.
 */
export interface LogWriter {
  write(text: string): void;
  /** The last lines, at most 80 and at most 2048 bytes: what a termination message takes. */
  readonly tail: string;
  /** Called after each write to the file. Returns the function that ends it. */
  subscribe(changed: () => void): () => void;
  readonly isOpen: boolean;
  /** Writes what is left, a last line without an end included. */
  close(): void;
}

export const MAX_LOG_BYTES = 4 * 1024 * 1024;
const MAX_LINE = 64 * 1024;
const TAIL_BYTES = 2048;
const TAIL_LINES = 80;

export const logFile = (directory: string, container: string, run: number): string => join(directory, `${container}.${run}.log`);
export const rotatedFile = (directory: string, container: string, run: number): string => `${logFile(directory, container, run)}.1`;

export function createLogWriter({ directory, container, run, now, maxBytes = MAX_LOG_BYTES }: LogWriterOptions): LogWriter {
  const path = logFile(directory, container, run);
  let descriptor: number | undefined;
  let size = 0;
  let pending = '';
  let partial = '';
  let tail = '';
  let sequence = 0;
  let scheduled = false;
  let open = true;
  const listeners = new Set<() => void>();

  const flush = (): void => {
    scheduled = false;
    if (pending === '') return;
    const bytes = Buffer.from(pending, 'utf8');
    pending = '';
    try {
      append(bytes);
    } catch {
      // A full disk costs lines of a log and nothing else; the next ones are tried again.
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    }
    for (const changed of listeners) changed();
  };
  const append = (bytes: Buffer): void => {
    if (descriptor === undefined) {
      descriptor = openForAppend(path);
      size = fstatSync(descriptor).size;
    }
    if (size > 0 && size + bytes.length > maxBytes) {
      closeSync(descriptor);
      renameSync(path, rotatedFile(directory, container, run));
      descriptor = openSync(path, 'a', 0o600);
      size = 0;
    }
    writeSync(descriptor, bytes);
    size += bytes.length;
  };
  const add = (line: string): void => {
    for (let at = 0; at === 0 || at < line.length; at += MAX_LINE) pending += formatLine(now(), (sequence += 1), line.slice(at, at + MAX_LINE));
    tail = `${tail}${line}\n`.slice(-TAIL_BYTES * 2);
    if (pending.length > 256 * 1024) flush();
  };

  return {
    write: (text) => {
      if (!open) return;
      const lines = (partial + text).split('\n');
      partial = lines.pop()!;
      for (const line of lines) add(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (partial.length > MAX_LINE) {
        add(partial);
        partial = '';
      }
      if (pending !== '' && !scheduled) {
        scheduled = true;
        setImmediate(flush);
      }
    },
    get tail() {
      const whole = partial === '' ? tail : `${tail}${partial}\n`;
      return lastBytes(whole.split('\n').slice(-TAIL_LINES - 1).join('\n'), TAIL_BYTES);
    },
    subscribe: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    get isOpen() {
      return open;
    },
    close: () => {
      if (!open) return;
      if (partial !== '') add(partial);
      partial = '';
      flush();
      open = false;
      if (descriptor !== undefined) closeSync(descriptor);
      for (const changed of listeners) changed();
      listeners.clear();
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

function lastBytes(text: string, max: number): string {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length <= max ? text : bytes.subarray(bytes.length - max).toString('utf8').replace(/^�+/, '');
}
