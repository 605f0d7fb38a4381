import { setTimeout as delay } from 'node:timers/promises';
import { zeroId } from '../objects/object.ts';
import type { ObjectId } from '../objects/object.ts';
import { GitRemoteError } from '../errors.ts';
import type { RefUpdate } from '../server/receive-pack.ts';
import { heartbeatMs } from '../server/events.ts';
import type { RefsEvent } from '../server/events.ts';
import { HttpClient } from './http-client.ts';
import type { RemoteOptions } from './http-client.ts';

export interface SubscribeOptions extends Pick<RemoteOptions, 'url' | 'auth' | 'ca'> {
  readonly signal: AbortSignal;
  /** First wait before connecting again, doubled up to a hundred times as long; 100 when absent. */
  readonly retryMs?: number;
}

/** Largest single event. */
const maxEventBytes = 16 * 1024 * 1024;

/**
 * Ref updates of a Plinth git server as they happen, until `signal` aborts. It begins with one update per ref that is there
 * (`old` is {@link zeroId}); after a broken connection it comes back by itself and yields what changed meanwhile.
 *
 * Caveats: ends at once, having yielded nothing, on a server that offers no such stream, so a poll beside it stays
 * needed. Updates in quick succession may come as one. Never throws; a server that is away is asked again and again.
 */
export async function* subscribeRefUpdates(options: SubscribeOptions): AsyncGenerator<RefUpdate, void, undefined> {
  const { signal } = options;
  const first = options.retryMs ?? 100;
  const known = new Map<string, ObjectId>();
  let wait = first;
  using http = new HttpClient(options);
  while (!signal.aborted) {
    try {
      for await (const event of events(http, signal)) {
        wait = first;
        if (event.type === 'refs') yield* differences(known, new Map(Object.entries((JSON.parse(event.data) as RefsEvent).refs)));
        else if (event.type === 'update') {
          const update = JSON.parse(event.data) as RefUpdate;
          yield* differences(known, new Map([...known, [update.ref, update.new]]));
        }
      }
    } catch (error) {
      if (error instanceof NotOffered) return;
    }
    // Not everybody at the same moment.
    await delay(wait * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => {});
    wait = Math.min(wait * 2, first * 100);
  }
}

class NotOffered extends Error {}

function* differences(known: Map<string, ObjectId>, now: ReadonlyMap<string, ObjectId>): Generator<RefUpdate> {
  for (const ref of new Set([...known.keys(), ...now.keys()])) {
    const update = { ref, old: known.get(ref) ?? zeroId, new: now.get(ref) ?? zeroId };
    if (update.old === update.new) continue;
    if (update.new === zeroId) known.delete(ref);
    else known.set(ref, update.new);
    yield update;
  }
}

async function* events(http: HttpClient, signal: AbortSignal): AsyncGenerator<{ readonly type: string; readonly data: string }> {
  const silence = new AbortController();
  const patience = setTimeout(() => silence.abort(), 3 * heartbeatMs).unref();
  const both = AbortSignal.any([signal, silence.signal]);
  try {
    const response = await http.open('/-/events', { method: 'GET', headers: { accept: 'text/event-stream' }, signal: both });
    if (response.statusCode !== 200 || !String(response.headers['content-type']).startsWith('text/event-stream')) {
      response.destroy();
      // 5xx and 429 pass; anything else is an answer.
      if (response.statusCode! >= 500 || response.statusCode === 429) throw new GitRemoteError('unreachable', 'the server is not ready');
      throw new NotOffered();
    }
    response.setEncoding('utf8');
    let text = '';
    for await (const chunk of response as AsyncIterable<string>) {
      patience.refresh();
      text += chunk;
      if (text.length > maxEventBytes) throw new GitRemoteError('too-large', 'an event is too large');
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
        const data = field('data');
        if (data !== undefined) yield { type: field('event') ?? 'message', data };
      }
    }
  } finally {
    clearTimeout(patience);
    silence.abort();
  }
}
