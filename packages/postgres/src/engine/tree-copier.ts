import { Worker } from 'node:worker_threads';
import type { Owner } from './copy-tree.ts';
import { createFileSystemSyncer } from './sync-file-system.ts';

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

/** What the thread is told. `sync`: file by file. */
export type CopyOrder = ({ readonly type: 'copy'; readonly id: number } & CopyJob) | { readonly type: 'sync'; readonly id: number; readonly path: string };

export type CopyReply = { readonly id: number; readonly failure?: string };

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
  readonly #syncFileSystem = createFileSystemSyncer();
  readonly #orders = new Map<number, PromiseWithResolvers<void>>();

  copy(job: CopyJob): Copy {
    const copied = this.#order((id) => ({ type: 'copy', id, ...job }));
    const synced = copied.then(async () => {
      if (!(await this.#syncFileSystem(job.to))) await this.#order((id) => ({ type: 'sync', id, path: job.to }));
    });
    // Callers may look at one of the two only.
    copied.catch(() => {});
    synced.catch(() => {});
    return { copied, synced };
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

  #order(order: (id: number) => CopyOrder): Promise<void> {
    const id = this.#nextId++;
    const settled = Promise.withResolvers<void>();
    this.#orders.set(id, settled);
    clearTimeout(this.#idle);
    this.#worker ??= this.#start();
    this.#worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    this.#worker.postMessage(order(id));
    return settled.promise;
  }

  #settle({ id, failure }: CopyReply): void {
    const order = this.#orders.get(id);
    this.#orders.delete(id);
    if (failure === undefined) order?.resolve();
    else order?.reject(new Error(failure));
    if (this.#orders.size === 0) this.#becomeIdle();
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
    for (const order of this.#orders.values()) order.reject(error);
    this.#orders.clear();
  }
}
