import { StateStoreError } from './errors.ts';
import type { StateStoreChange, WriteOptions, WriteOutcome } from './writer.ts';

/** A change whose outcome somebody awaits. */
export interface Waiting {
  readonly change: StateStoreChange;
  /** The first outcome counts. */
  readonly settle: (outcome: WriteOutcome) => void;
  readonly isSettled: boolean;
}

export interface WriteQueueOptions {
  /** Most changes in one batch. */
  readonly maxBatch: number;
  /** Settles every change of the batch. */
  readonly writeBatch: (batch: readonly Waiting[]) => Promise<void>;
}

/** Bytes of files in one batch, roughly: more changes than that wait for the next. */
const maxBatchBytes = 32 * 1024 * 1024;

/**
 * Gathers the changes that come while a batch is being written: they are the next batch. Changes keep their order. Each
 * batch takes its turn, so that who only looks does not wait until there is nothing left to write.
 */
export class WriteQueue implements AsyncDisposable {
  readonly #options: WriteQueueOptions;
  readonly #queue: Waiting[] = [];
  readonly #closing = new AbortController();
  #turn: Promise<unknown> = Promise.resolve();
  #writing = false;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  /** Aborts when the queue is disposed of. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Runs what it is given when everything that came before has ended. */
  inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(act, act);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async write(change: StateStoreChange, options: WriteOptions = {}): Promise<WriteOutcome> {
    if (this.closing.aborted || options.signal?.aborted) return givenUp(change, options.signal);
    const { promise, resolve } = Promise.withResolvers<WriteOutcome>();
    let isSettled = false;
    const settle = (outcome: WriteOutcome): void => {
      if (isSettled) return;
      isSettled = true;
      options.signal?.removeEventListener('abort', stop);
      resolve(outcome);
    };
    const stop = (): void => settle(givenUp(change, options.signal));
    options.signal?.addEventListener('abort', stop, { once: true });
    this.#queue.push({
      change,
      settle,
      get isSettled() {
        return isSettled;
      },
    });
    if (!this.#writing) {
      this.#writing = true;
      // One round of the microtask queue later, so that calls made together share a batch.
      queueMicrotask(() => void this.#drain());
    }
    return promise;
  }

  /** Waits for whose turn it is; what still waits fails as `aborted`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#turn;
    for (const waiting of this.#queue.splice(0)) waiting.settle(givenUp(waiting.change, undefined));
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0 && !this.closing.aborted) await this.inTurn(() => this.#options.writeBatch(this.#takeBatch()));
    } finally {
      this.#writing = false;
    }
  }

  #takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    let bytes = 0;
    let taken = 0;
    for (const next of this.#queue) {
      if (batch.length >= this.#options.maxBatch || bytes >= maxBatchBytes) break;
      taken++;
      if (next.isSettled) continue;
      batch.push(next);
      const { action } = next.change;
      for (const file of action.type === 'files' ? action.put : action.files) bytes += file.content.length;
    }
    this.#queue.splice(0, taken);
    return batch;
  }
}

function givenUp(change: StateStoreChange, signal: AbortSignal | undefined): WriteOutcome {
  return { outcome: 'failed', error: new StateStoreError('aborted', `${change.name} was not written: ${signal?.aborted ? 'the caller gave up' : 'the state store was closed'}`) };
}
