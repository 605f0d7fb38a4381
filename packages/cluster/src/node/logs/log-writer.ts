import { formatLine } from './log-line.ts';
import type { LogFile } from './log-file.ts';

export interface LogWriterOptions {
  readonly file: LogFile;
  /** Before each line; see {@link LogPlace}. */
  readonly tag: string;
  readonly now: () => number;
}

/**
 * Writes what one run of a container prints to its log, line by line with times.
 *
 * Guarantees: a line longer than 64 KiB is cut into several. Lines are on their way to the file within the same turn of the
 * event loop, together.
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

const MAX_LINE = 64 * 1024;
const TAIL_BYTES = 2048;
const TAIL_LINES = 80;

export function createLogWriter({ file, tag, now }: LogWriterOptions): LogWriter {
  let pending = '';
  let partial = '';
  let tail = '';
  let sequence = 0;
  let scheduled = false;
  let open = true;
  const listeners = new Set<() => void>();
  file.use();

  const flush = (): void => {
    scheduled = false;
    if (pending === '') return;
    const bytes = Buffer.from(pending, 'utf8');
    pending = '';
    try {
      file.append(bytes);
    } catch {
      // A full disk costs lines of a log and nothing else; the next ones are tried again.
    }
    for (const changed of listeners) changed();
  };
  const add = (line: string): void => {
    for (let at = 0; at === 0 || at < line.length; at += MAX_LINE) pending += tag + formatLine(now(), (sequence += 1), line.slice(at, at + MAX_LINE));
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
      file.release();
      for (const changed of listeners) changed();
      listeners.clear();
    },
  };
}

function lastBytes(text: string, max: number): string {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length <= max ? text : bytes.subarray(bytes.length - max).toString('utf8').replace(/^�+/, '');
}
