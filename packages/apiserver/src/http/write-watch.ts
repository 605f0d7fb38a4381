import type { ServerResponse } from 'node:http';
import type { StoreEvent } from '@plinth/object-store';
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

/** Many watches of a kind send the same lines: each is made once. */
const lines = new WeakMap<StoreEvent, { readonly type: string; readonly object: unknown; readonly line: Buffer }>();

function lineOf(item: WatchItem): Buffer {
  const { source } = item;
  const known = source && lines.get(source);
  if (known && known.type === item.type && known.object === item.object) return known.line;
  const line = Buffer.from(`{"type":"${item.type}","object":${JSON.stringify(item.object)}}\n`);
  if (source) lines.set(source, { type: item.type, object: item.object, line });
  return line;
}
