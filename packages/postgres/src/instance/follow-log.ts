import { closeSync, fstatSync, ftruncateSync, openSync, readSync, watch } from 'node:fs';

/** A log that is read to its end and larger than this is emptied: the container's log has it all. */
const maxFileBytes = 16 * 1024 * 1024;
const chunkBytes = 64 * 1024;

/**
 * Hands what a server appends to its log file to the container's log, line by line, as it is written. Returns the function that
 * reads the rest and ends it. Starts at the present end of the file.
 */
export function followLog(path: string, log: (text: string) => void): () => void {
  const fd = openSync(path, 'a+', 0o600);
  let position = fstatSync(fd).size;
  let rest = '';
  const buffer = Buffer.alloc(chunkBytes);
  const read = (): void => {
    for (;;) {
      const count = readSync(fd, buffer, 0, chunkBytes, position);
      if (count === 0) break;
      position += count;
      const text = rest + buffer.toString('utf8', 0, count);
      const end = text.lastIndexOf('\n');
      // A line without an end is passed on in pieces rather than kept for ever.
      rest = end < 0 && text.length > chunkBytes ? '' : text.slice(end + 1);
      const lines = rest === '' ? text : text.slice(0, end + 1);
      if (lines !== '') log(lines);
    }
    if (position > maxFileBytes) {
      ftruncateSync(fd, 0);
      position = 0;
    }
  };
  const watcher = watch(path, { persistent: false }, read);
  watcher.on('error', () => {});
  return () => {
    watcher.close();
    read();
    if (rest !== '') log(rest);
    closeSync(fd);
  };
}
