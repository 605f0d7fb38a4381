import type { ApiResource, KubeObject, ObjectKey, UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

/** What to reconcile: the object's key and nothing else. Reconciling is level-based; it never says what happened. */
export type Request = ObjectKey;

/**
 * How a reconcile ended. Throwing means: try again with exponential back-off (a `TerminalError` means: wait for a change).
 */
export type Result =
  | { readonly type: 'done' }
  | { readonly type: 'retryAfter'; readonly ms: number };

export interface ReconcileContext {
  readonly signal: AbortSignal;
}

export type Reconcile = (request: Request, context: ReconcileContext) => Promise<Result>;

/** A local, always current copy of the objects of one kind. Reads never touch the network. */
export interface Informer<T extends KubeObject = UnstructuredObject> {
  readonly resource: ApiResource;
  /** Resolves after the first complete list. Rejects when the cache is stopped before that. */
  readonly synced: Promise<void>;
  get(key: ObjectKey): T | undefined;
  /** All objects, or those of a namespace, that carry all of `labels`. */
  list(options?: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> }): readonly T[];
  /** Objects for which the index function (see {@link Informer.addIndex}) yields `value`. */
  byIndex(index: string, value: string): readonly T[];
  /** Must be called before the informer has synced for the first time, or it is built from what is there. */
  addIndex(index: string, values: (object: T) => readonly string[]): void;
  /** Replays what is there as `added`, then follows. Returns the function that ends it. */
  subscribe(handler: InformerHandler<T>): () => void;
}

export interface InformerHandler<T extends KubeObject> {
  readonly added?: (object: T) => void;
  readonly updated?: (object: T, previous: T) => void;
  readonly deleted?: (object: T) => void;
}

/** All informers of one client: one per kind (and namespace or selector), started on first use, shared by controllers. */
export interface Cache extends AsyncDisposable {
  informer<T extends KubeObject = UnstructuredObject>(
    resource: ApiResource,
    options?: { readonly namespace?: string; readonly labelSelector?: string; readonly fieldSelector?: string },
  ): Informer<T>;
  /**
   * The client to write with: what it writes is in the informers as soon as the call returns, so that a reconciler
   * never acts on a state from before its own last write. (Deletes are not: deleting twice does no harm.)
   */
  readonly client: Client;
  /** Tells the informers of `resource` of an object that was just written by other means; older news are ignored. */
  observed(resource: ApiResource, object: KubeObject): void;
  /** Resolves when every informer that was asked for by now has synced. */
  synced(): Promise<void>;
}

/** Objects of one kind, and which requests a change of one of them makes. */
export interface Source {
  readonly informer: Informer<KubeObject>;
  /** Default: the object itself. */
  readonly map?: (object: KubeObject) => readonly Request[];
  /** Default: everything. `previous` is undefined for added and deleted objects. */
  readonly predicate?: (object: KubeObject, previous: KubeObject | undefined) => boolean;
}

export interface ControllerOptions {
  /** For logs and metrics: `promise`, `statefulset`. */
  readonly name: string;
  readonly sources: readonly Source[];
  readonly reconcile: Reconcile;
  /** How many requests at once; the same request never runs twice at once. Default 8. */
  readonly concurrency?: number;
  readonly signal: AbortSignal;
  /** Delay after the first failure in a row, doubled with each. Default 5 ms. */
  readonly retryBaseMs?: number;
  /** Default 60 s. */
  readonly retryMaxMs?: number;
  /** Called after each reconcile, for metrics. Must not throw. */
  readonly observe?: (outcome: ReconcileOutcome) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly log?: Logger;
}

export interface ReconcileOutcome {
  readonly controller: string;
  readonly request: Request;
  readonly type: 'done' | 'retryAfter' | 'failed' | 'terminal';
  readonly durationMs: number;
  /** From the event (or the time it was due) to the start of the reconcile. */
  readonly queuedMs: number;
  readonly error?: unknown;
}

export interface Controller extends AsyncDisposable {
  readonly name: string;
  /** Asks for a reconcile from outside, for what no informer sees. */
  enqueue(request: Request, afterMs?: number): void;
  /** Requests that wait, delayed ones not counted. */
  readonly queueLength: number;
  /** Reconciles under way, of at most {@link concurrency}. */
  readonly running: number;
  readonly concurrency: number;
  /** How long each reconcile that is under way has run by now, in ms. */
  runningMs(): readonly number[];
  /** Resolves when the controller has stopped and the last reconcile has returned. Never rejects. */
  readonly finished: Promise<void>;
}
