import type { ServerResponse } from 'node:http';
import { storedBytes } from '../storage/codec.ts';
import type { WatchFeed, WatchItem } from '../verbs/watch.ts';

/** How much may wait for a reader before its watch is ended: it lists again and catches up faster that way. */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024;

/** Streams a watch: one JSON document per line. Resolves when the watch has ended, whoever ended it. */
export function writeWatch(response: ServerResponse, feed: WatchFeed, signal: AbortSignal): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  response.socket?.setNoDelay(true);
  return new Promise((resolve) => {
    let stop: (() => void) | undefined;
    let over = false;
    let corked = false;
    const finish = (): void => {
      over = true;
      stop?.();
      signal.removeEventListener('abort', finish);
      response.off('close', finish);
      if (!response.writableEnded) response.end();
      resolve();
    };
    const close = feed.open({
      item: (item) => {
        // What one commit of the store brings goes out in one piece.
        if (!corked) {
          corked = true;
          response.cork();
          setImmediate(() => {
            corked = false;
            response.uncork();
          });
        }
        response.write(lineOf(item));
        return response.writableLength < MAX_BACKLOG_BYTES;
      },
      end: () => finish(),
    });
    stop = close;
    if (over) return;
    if (signal.aborted) return finish();
    signal.addEventListener('abort', finish, { once: true });
    response.once('close', finish);
  });
}

/** An event goes to all its watches one after the other: its line is made once, and not kept. */
let last: { readonly item: WatchItem; readonly line: Buffer } | undefined;

function lineOf(item: WatchItem): Buffer {
  if (last && item.source && last.item.source === item.source && last.item.type === item.type && last.item.object === item.object) return last.line;
  const line = Buffer.concat([Buffer.from(`{"type":"${item.type}","object":`), objectBytes(item), END]);
  last = { item, line };
  return line;
}

const END = Buffer.from('}\n');

const objectBytes = ({ object, source }: WatchItem): Uint8Array => (source?.type === 'put' ? storedBytes(object, source) : undefined) ?? Buffer.from(JSON.stringify(object));
