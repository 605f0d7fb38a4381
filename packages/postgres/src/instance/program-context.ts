import type { KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

/** What a program of this room needs of its container. The node agent's `ProgramContext` has all of it. */
export interface ProgramContext {
  readonly pod: KubeObject;
  readonly env: Readonly<Record<string, string>>;
  /** The pod's own loopback address. */
  readonly podIP: string;
  /** Mount path in the container -> folder on this machine. */
  readonly mounts: ReadonlyMap<string, string>;
  readonly log: (text: string) => void;
  /** Aborted when the pod is to stop. */
  readonly signal: AbortSignal;
  /** Acts as the pod's service account. */
  readonly client: Client;
  readonly setReady: (ready: boolean) => void;
  /** What the container is about lived on while nobody looked: this run does not count as a restart. */
  readonly resumed?: () => void;
}

/** Resolves with the exit code. */
export interface Program {
  (context: ProgramContext): Promise<number>;
}
