import type { ContainerContext } from './catalogue.ts';

/** How a container's run ended, in the runtime's words. */
export interface ContainerExit {
  readonly exitCode: number;
  readonly signal?: number;
  /** When the exit code alone does not say it: `OOMKilled`, `StartError`. */
  readonly reason?: string;
  /** Last words; absent: the end of the log. */
  readonly message?: string;
}

export interface StopRequest {
  /** What is left to end in order; then the container is ended by force. */
  readonly graceMs: number;
  readonly reason: ContainerStopReason;
}

export type ContainerStopReason = 'PodDeleted' | 'PodFailed' | 'PodFinished' | 'ProbeFailed' | 'NodeShutdown';

/** The `signal.reason` of a container that is to stop. */
export class ContainerStopped extends Error {
  readonly reason: ContainerStopReason;
  readonly graceMs: number;

  constructor({ reason, graceMs }: StopRequest) {
    super(`the container is to stop within ${graceMs} ms: ${reason}`);
    this.name = 'ContainerStopped';
    this.reason = reason;
    this.graceMs = graceMs;
  }
}

/** A container that was started. */
export interface RunningContainer {
  /** Never rejects. */
  readonly ended: Promise<ContainerExit>;
  /** Asks the container to end, and ends it when the grace period is over. A shorter second request counts. */
  stop(request: StopRequest): void;
  /** Runs a command beside the container; absent where a runtime has no commands. */
  readonly exec?: (command: readonly string[], timeoutMs: number) => Promise<{ readonly exitCode: number; readonly output: string }>;
}

/** What a runtime is given: what the container sees, without the signal, which is the runtime's. */
export interface ContainerLaunch extends Omit<ContainerContext, 'signal'> {
  readonly readOnlyMounts: ReadonlySet<string>;
  readonly workingDir?: string;
  readonly hostname: string;
  readonly memoryLimitBytes?: number;
}

/** 128 + SIGKILL and 128 + SIGTERM, as shells count. */
export const EXIT_KILLED = 137;
export const EXIT_TERMINATED = 143;
