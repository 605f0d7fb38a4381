import { keyOf, keyString, type KubeObject } from '@plinth/apimachinery';

import { systemClock } from './clock.ts';
import { defaultLogger } from './logger.ts';
import { announce, announceOutcome } from './observe-controllers.ts';
import { TerminalError } from './terminal-error.ts';
import type { Controller, ControllerOptions, ReconcileOutcome, Request, Source } from './types.ts';
import { createWorkQueue } from './work-queue.ts';

/**
 * Runs a reconciler: changes of the sources become requests, requests become reconciles, failures become retries.
 *
 * Guarantees: starts to reconcile when all sources have synced, and then reconciles everything that is there once. The
 * same request never runs twice at once, and a change during a run leads to one more run after it. A run that fails is
 * tried again with exponential back-off (5 ms, 10 ms ... 60 s); `TerminalError` waits for a change. From an event to the
 * reconcile there is no timer, only a microtask.
 *
 * Caveats: a reconcile that ignores its signal and never returns keeps its request and its slot for ever: give the calls
 * inside a deadline. Stops with the signal or by disposal, and waits for what runs.
 */
export function runController(options: ControllerOptions): Controller {
  const { name, sources, reconcile, concurrency = 8, retryBaseMs = 5, retryMaxMs = 60_000 } = options;
  const { clock = systemClock, random = Math.random, log = defaultLogger } = options;
  const stopped = new AbortController();
  const finished = Promise.withResolvers<void>();
  const context = { signal: stopped.signal };
  let isReady = false;
  let isDraining = false;
  /** When each reconcile under way began. */
  const running = new Set<{ readonly startedAt: number }>();

  const drainSoon = (): void => {
    if (isDraining || !isReady) return;
    isDraining = true;
    queueMicrotask(drain);
  };
  const queue = createWorkQueue({ clock, random, retryBaseMs, retryMaxMs, ready: drainSoon });

  function drain(): void {
    isDraining = false;
    while (running.size < concurrency && !stopped.signal.aborted) {
      const next = queue.take();
      if (!next) return;
      void run(next.request, clock.now() - next.dueAt);
    }
  }

  /** Never rejects: it is not awaited. */
  async function run(request: Request, queuedMs: number): Promise<void> {
    const startedAt = performance.now();
    const own = { startedAt };
    running.add(own);
    const fields = { controller: name, ...request };
    const report = (type: 'done' | 'retryAfter' | 'failed' | 'terminal', error?: unknown): void => {
      const durationMs = performance.now() - startedAt;
      const outcome: ReconcileOutcome = { controller: name, request, type, durationMs, queuedMs, ...(error === undefined ? {} : { error }) };
      options.observe?.(outcome);
      announceOutcome(outcome);
      if (error === undefined) log.debug({ ...fields, outcome: type, durationMs }, 'reconciled');
    };
    try {
      const result = await reconcile(request, context);
      queue.forget(request);
      if (result.type === 'retryAfter') queue.addAfter(request, result.ms);
      report(result.type);
    } catch (err) {
      if (stopped.signal.aborted) return;
      const durationMs = performance.now() - startedAt;
      if (err instanceof TerminalError) {
        queue.forget(request);
        log.error({ ...fields, durationMs, err }, 'reconcile failed for good, waiting for a change');
        report('terminal', err);
      } else {
        const retryInMs = queue.addAfterFailure(request);
        log.warn({ ...fields, durationMs, retryInMs: Math.round(retryInMs), err }, 'reconcile failed, trying again');
        report('failed', err);
      }
    } finally {
      running.delete(own);
      queue.release(request);
      if (stopped.signal.aborted) settle();
      else if (queue.length > 0) drainSoon();
    }
  }

  const unsubscribe: (() => void)[] = [];
  const settle = (): void => {
    if (running.size === 0) finished.resolve();
  };
  const stop = (): void => {
    if (stopped.signal.aborted) return;
    options.signal.removeEventListener('abort', stop);
    stopped.abort();
    for (const end of unsubscribe) end();
    queue.close();
    settle();
  };
  options.signal.addEventListener('abort', stop, { once: true });
  if (options.signal.aborted) stop();

  const begin = async (): Promise<void> => {
    await Promise.all(sources.map(({ informer }) => informer.synced));
    if (stopped.signal.aborted) return;
    for (const source of sources) unsubscribe.push(subscribe(source, queue.add, (err) => log.error({ controller: name, err }, 'mapping an object to requests failed')));
    isReady = true;
    drainSoon();
  };
  begin().catch((err: unknown) => {
    if (!stopped.signal.aborted) log.error({ controller: name, err }, 'a source did not sync, the controller stops');
    stop();
  });

  const controller: Controller = {
    name,
    concurrency,
    enqueue: (request, afterMs = 0) => queue.addAfter(request, afterMs),
    get queueLength() {
      return queue.length;
    },
    get running() {
      return running.size;
    },
    runningMs: () => [...running].map(({ startedAt }) => performance.now() - startedAt),
    finished: finished.promise,
    [Symbol.asyncDispose]: async () => {
      stop();
      await finished.promise;
    },
  };
  announce(controller);
  return controller;
}

function subscribe({ informer, map, predicate }: Source, add: (request: Request) => void, failed: (error: unknown) => void): () => void {
  const enqueue = (object: KubeObject): void => {
    if (!map) add(keyOf(object));
    else for (const request of map(object)) add(request);
  };
  const handle = (object: KubeObject, previous: KubeObject | undefined): void => {
    try {
      if (predicate && !predicate(object, previous)) return;
      // An object that now belongs to somebody else still matters to the one it belonged to.
      if (map && previous) {
        const seen = new Set<string>();
        for (const request of [...map(previous), ...map(object)]) {
          if (seen.has(keyString(request))) continue;
          seen.add(keyString(request));
          add(request);
        }
      } else enqueue(object);
    } catch (error) {
      failed(error);
    }
  };
  return informer.subscribe({
    added: (object) => handle(object, undefined),
    updated: handle,
    deleted: (object) => handle(object, undefined),
  });
}
