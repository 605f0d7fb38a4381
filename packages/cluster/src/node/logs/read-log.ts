import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { readLogFile, rotatedFile, type LogPlace } from './log-file.ts';
import { lineText, lineTimeMs } from './log-line.ts';
import type { LogWriter } from './log-writer.ts';

export interface ReadLogOptions {
  readonly place: LogPlace;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly sinceMs?: number;
  /** There while the container runs: `follow` waits for more. */
  readonly writer?: LogWriter;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** Yields the log of one run of a container, in pieces of whole lines. */
export async function* readLog(options: ReadLogOptions): AsyncIterable<string> {
  const { place, timestamps, tailLines, sinceMs, writer, follow, signal } = options;
  const { path, tag } = place;
  const show = (lines: readonly string[]): string => lines.map((line) => `${timestamps ? line : lineText(line)}\n`).join('');
  const wake = followSignal(follow ? writer : undefined, signal);
  try {
    // In one turn of the event loop, in which nobody writes.
    let position = endOf(path);
    let lines = linesOf(readLogFile(path), tag);
    if (sinceMs !== undefined) lines = lines.filter((line) => lineTimeMs(line) >= sinceMs);
    if (tailLines !== undefined) lines = tailLines <= 0 ? [] : lines.slice(-tailLines);
    for (let at = 0; at < lines.length && !signal.aborted; at += LINES_AT_ONCE) yield show(lines.slice(at, at + LINES_AT_ONCE));

    if (!follow || !writer) return;
    while (!signal.aborted) {
      const isLast = !writer.isOpen;
      for (;;) {
        const { text, next } = readFrom(path, position);
        position = next;
        if (text === '') break;
        const more = linesOf(text, tag);
        if (more.length > 0) yield show(more);
      }
      if (isLast) return;
      await wake.next();
    }
  } finally {
    wake.end();
  }
}

const LINES_AT_ONCE = 1000;
const READ_BYTES = 256 * 1024;

/** The whole lines that have the tag, without it. */
function linesOf(text: string, tag: string): string[] {
  if (text === '') return [];
  const end = text.lastIndexOf('\n');
  const lines = text.slice(0, end < 0 ? text.length : end).split('\n');
  return tag === '' ? lines : lines.filter((line) => line.startsWith(tag)).map((line) => line.slice(tag.length));
}

/** How far a log has been read: a file, by what it is rather than its name, which changes with a rotation. */
interface Position {
  /** Undefined: there was none yet. */
  readonly file: string | undefined;
  readonly offset: number;
}

const endOf = (path: string): Position => ({ file: identityOf(path), offset: statSync(path, { throwIfNoEntry: false })?.size ?? 0 });

/** An inode alone may be given to the next file. */
function identityOf(path: string): string | undefined {
  const info = statSync(path, { throwIfNoEntry: false });
  return info && `${info.ino} ${info.birthtimeMs}`;
}

/** Whole lines after `at`; of a file that was rotated meanwhile first what is left. */
function readFrom(path: string, at: Position): { readonly text: string; readonly next: Position } {
  const files = identityOf(path) === at.file ? [path] : [rotatedFile(path), path];
  for (const each of files) {
    const found = identityOf(each);
    const offset = found === at.file ? at.offset : 0;
    const bytes = found === undefined ? NOTHING : readLines(each, offset);
    if (bytes.length > 0) return { text: bytes.toString('utf8'), next: { file: found, offset: offset + bytes.length } };
  }
  return { text: '', next: at };
}

const NOTHING = Buffer.alloc(0);

function readLines(path: string, offset: number): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const read = readSync(descriptor, buffer, 0, READ_BYTES, offset);
    return buffer.subarray(0, buffer.subarray(0, read).lastIndexOf(10) + 1);
  } finally {
    closeSync(descriptor);
  }
}

/** Resolves `next()` when the writer has written since the call before, has closed, or the reader has gone. */
function followSignal(writer: LogWriter | undefined, signal: AbortSignal): { next(): Promise<void>; end(): void } {
  let waiting = Promise.withResolvers<void>();
  const changed = (): void => waiting.resolve();
  const unsubscribe = writer?.subscribe(changed);
  signal.addEventListener('abort', changed);
  return {
    next: async () => {
      await waiting.promise;
      waiting = Promise.withResolvers<void>();
    },
    end: () => {
      unsubscribe?.();
      signal.removeEventListener('abort', changed);
    },
  };
}
