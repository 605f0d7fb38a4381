import { describe, expect, test } from 'vitest';
import type { WatchItem, WatchSink } from './verbs/watch.ts';
import { watchEvents } from './watch-events.ts';

const item = (name: string): WatchItem => ({ type: 'ADDED', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } } });

/** A feed that the test drives: it ends a sink that says it cannot take more, as real feeds do. */
function drivenFeed() {
  let sink: WatchSink | undefined;
  return {
    open: (opened: WatchSink) => {
      sink = opened;
      return () => (sink = undefined);
    },
    send: (sent: WatchItem) => {
      if (sink && !sink.item(sent)) {
        sink.end();
        sink = undefined;
      }
    },
    end: () => sink?.end(),
    get open_() {
      return sink !== undefined;
    },
  };
}

describe(watchEvents, () => {
  test('yields what came before it was asked, what comes later, and then the end', async () => {
    const feed = drivenFeed();
    const events = watchEvents(feed, new AbortController().signal)[Symbol.asyncIterator]();
    feed.send(item('a'));
    expect((await events.next()).value).toEqual(item('a'));
    const waiting = events.next();
    feed.send(item('b'));
    expect((await waiting).value).toEqual(item('b'));
    feed.end();
    expect((await events.next()).done).toBe(true);
  });

  test('stops the feed when the signal aborts and when the reader leaves', async () => {
    const controller = new AbortController();
    const feed = drivenFeed();
    const events = watchEvents(feed, controller.signal)[Symbol.asyncIterator]();
    const waiting = events.next();
    controller.abort();
    expect([(await waiting).done, feed.open_]).toEqual([true, false]);
    const second = drivenFeed();
    await watchEvents(second, new AbortController().signal)[Symbol.asyncIterator]().return?.();
    expect(second.open_).toBe(false);
  });

  test('a reader that does not read loses its watch, and the server no more memory', async () => {
    const feed = drivenFeed();
    const events = watchEvents(feed, new AbortController().signal)[Symbol.asyncIterator]();
    for (let index = 0; index < 50_000; index += 1) feed.send(item(`n${index}`));
    expect(feed.open_).toBe(false);
    let read = 0;
    while (!(await events.next()).done) read += 1;
    expect(read).toBe(20_000);
  });
});
