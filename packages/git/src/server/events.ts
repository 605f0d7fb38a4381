import type { ServerResponse } from 'node:http';
import type { Repository } from '../repository/repository.ts';
import type { RepositoryRefUpdate } from './options.ts';
import { HttpRefusal } from './request-body.ts';

/** A line now and then, so that both sides notice when the other is gone. */
export const heartbeatMs = 15_000;

/** What a stream begins with: where every ref stands. */
export interface RefsEvent {
  readonly refs: Readonly<Record<string, string>>;
}

interface Subscriber {
  readonly key: string;
  readonly response: ServerResponse;
}

/** Server-sent events of ref updates, per repository, and the same for listeners in this process. */
export class RefEvents {
  readonly #subscribers = new Set<Subscriber>();
  readonly #listeners = new Set<(update: RepositoryRefUpdate) => void>();
  readonly #max: number;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(maxSubscribers: number) {
    this.#max = maxSubscribers;
  }

  listen(listener: (update: RepositoryRefUpdate) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  publish(update: RepositoryRefUpdate): void {
    for (const listener of this.#listeners) listener(update);
    const key = `${update.owner}/${update.name}`;
    const text = `event: update\ndata: ${JSON.stringify({ ref: update.ref, old: update.old, new: update.new })}\n\n`;
    for (const subscriber of this.#subscribers) if (subscriber.key === key) this.#send(subscriber, text);
  }

  /** Streams from now on; the first event says where the refs stand, so nothing falls between. */
  subscribe(key: string, repository: Repository, response: ServerResponse): void {
    if (this.#subscribers.size >= this.#max) throw new HttpRefusal(503, 'too many streams of events');
    const subscriber: Subscriber = { key, response };
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    response.socket?.setNoDelay(true);
    response.once('close', () => this.#drop(subscriber));
    this.#subscribers.add(subscriber);
    this.#send(subscriber, `event: refs\ndata: ${JSON.stringify({ refs: Object.fromEntries(repository.refs.list()) } satisfies RefsEvent)}\n\n`);
    this.#heartbeat ??= setInterval(() => {
      for (const each of this.#subscribers) this.#send(each, ':\n\n');
    }, heartbeatMs).unref();
  }

  close(): void {
    for (const subscriber of this.#subscribers) subscriber.response.destroy();
    this.#subscribers.clear();
    this.#listeners.clear();
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }

  #send(subscriber: Subscriber, text: string): void {
    subscriber.response.write(text);
    // Somebody who does not read is cut off rather than kept in memory; on return the first event tells all.
    if (subscriber.response.writableLength > 1024 * 1024) {
      subscriber.response.destroy();
      this.#drop(subscriber);
    }
  }

  #drop(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}
