/** How a container's run ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  readonly signal?: number;
  /** `Completed`, `Error`, `OOMKilled`, `ContainerStatusUnknown` ... */
  readonly reason: string;
  readonly message?: string;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

export type ContainerPhase =
  /** Not started yet; `reason` is what a person sees: `ContainerCreating`, `ImagePullBackOff` ... */
  | { readonly type: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly type: 'running'; readonly startedAtMs: number }
  | ({ readonly type: 'terminated' } & ContainerEnd);

/** What the node agent knows of a container. A value: every change makes a new one. */
export interface ContainerRecord {
  readonly name: string;
  readonly phase: ContainerPhase;
  /** How the run before ended. */
  readonly last?: ContainerEnd;
  readonly restarts: number;
  /** Ends with a failure in a row, each after less than ten minutes; decides the back-off. */
  readonly failures: number;
  /** A container that has ended and is to run again: when. */
  readonly restartAtMs?: number;
  /** A container that cannot be started: when to try again. */
  readonly retryAtMs?: number;
  /** Has passed its startup probe. */
  readonly started: boolean;
  /** Passes its readiness probe, and says that it is ready. */
  readonly ready: boolean;
}

export const freshRecord = (name: string, reason = 'ContainerCreating'): ContainerRecord => ({
  name,
  phase: { type: 'waiting', reason },
  restarts: 0,
  failures: 0,
  started: false,
  ready: false,
});

export interface Backoff {
  /** Between the first and the second restart; the first one is immediate. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** A run at least this long makes the count begin anew. */
  readonly resetMs: number;
}

/** Kubernetes' values. */
export const RESTART_BACKOFF: Backoff = { baseMs: 10_000, maxMs: 300_000, resetMs: 600_000 };

/** The pause before a container starts again after `failures` ends in a row. */
export const restartDelayMs = (failures: number, backoff: Backoff): number =>
  failures <= 1 ? 0 : Math.min(backoff.baseMs * 2 ** Math.min(failures - 2, 20), backoff.maxMs);
