import { Worker } from 'node:worker_threads';
import type { Owner } from './copy-tree.ts';

export interface CopyJob {
  readonly from: string;
  /** Must not exist. */
  readonly to: string;
  readonly owner: Owner | undefined;
}

/** Both reject when copying fails; `synced` also when the disk refuses. */
export interface Copy {
  /** The whole tree is there, though a power cut could still take it back. */
  readonly copied: Promise<void>;
  /** The whole tree is on disk. */
  readonly synced: Promise<void>;
}

export type CopyReply =
  | { readonly id: number; readonly stage: 'copied' | 'synced' }
  | { readonly id: number; readonly stage: 'failed'; readonly message: string };

/** How long the thread is kept after the last copy: databases come in bursts, and a thread costs a few megabytes. */
const idleMs = 30_000;

/**
 * Copies data directories in a thread of its own, one after the other, so that the process which serves the API is not
 * held up. The thread starts with the first copy and ends when idle.
 */
export class TreeCopier implements AsyncDisposable {
  #worker: Worker | undefined;
  #nextId = 1;
  #idle: NodeJS.Timeout | undefined;
  readonly #jobs = new Map<number, { copied: PromiseWithResolvers<void>; synced: PromiseWithResolvers<void> }>();

  copy(job: CopyJob): Copy {
    const id = this.#nextId++;
    const [copied, synced] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    // Callers may look at one of the two only.
    copied.promise.catch(() => {});
    synced.promise.catch(() => {});
    this.#jobs.set(id, { copied, synced });
    clearTimeout(this.#idle);
    this.#worker ??= this.#start();
    this.#worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    this.#worker.postMessage({ id, ...job });
    return { copied: copied.promise, synced: synced.promise };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    await this.#worker?.terminate();
    this.#failAll(new Error('copying was stopped'));
  }

  #start(): Worker {
    const worker = new Worker(new URL('./copy-worker.ts', import.meta.url), { name: 'plinth-copy', execArgv: [], env: {} });
    worker.on('message', (reply: CopyReply) => this.#settle(reply));
    worker.on('error', (error) => this.#failAll(error as Error));
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#failAll(new Error('the copying thread ended'));
    });
    return worker;
  }

  #settle(reply: CopyReply): void {
    const job = this.#jobs.get(reply.id);
    if (!job) return;
    switch (reply.stage) {
      case 'copied':
        job.copied.resolve();
        return;
      case 'synced':
        job.synced.resolve();
        break;
      case 'failed':
        job.copied.reject(new Error(reply.message));
        job.synced.reject(new Error(reply.message));
        break;
      default:
        reply satisfies never;
    }
    this.#jobs.delete(reply.id);
    if (this.#jobs.size === 0) this.#becomeIdle();
  }

  #becomeIdle(): void {
    this.#worker?.unref();
    this.#idle = setTimeout(() => {
      const worker = this.#worker;
      this.#worker = undefined;
      void worker?.terminate();
    }, idleMs);
    this.#idle.unref();
  }

  #failAll(error: Error): void {
    for (const job of this.#jobs.values()) {
      job.copied.reject(error);
      job.synced.reject(error);
    }
    this.#jobs.clear();
  }
}
