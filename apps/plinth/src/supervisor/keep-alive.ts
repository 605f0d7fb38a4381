import { setTimeout as delay } from 'node:timers/promises';
import { connectControl, type ControlConnection, type UnitState } from './control-socket.ts';
import type { Spawned } from './spawn.ts';

export interface KeepAliveOptions {
  readonly unit: string;
  readonly socket: string;
  readonly start: () => Spawned;
  readonly onState: (state: UnitState) => void;
  /** No new process is started after this; the running one is not touched. */
  readonly signal: AbortSignal;
}

/**
 * Keeps one unit running: takes over the process that runs already (of a supervisor that died), else starts one, and
 * starts another when it ends. The first restart is immediate, then it waits 100 ms, doubling up to 10 s, until a process
 * has lived for 10 s.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  #connection: ControlConnection | undefined;
  #pid = 0;
  readonly done: Promise<void>;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.done = this.#run();
  }

  /** Of the process that runs now; 0 when none does. */
  get pid(): number {
    return this.#pid;
  }

  requestStop(): void {
    this.#connection?.send({ command: 'stop' });
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const started = performance.now();
      await this.#live();
      this.#pid = 0;
      if (signal.aborted) return;
      failures = performance.now() - started > 10_000 ? 0 : failures + 1;
      if (failures > 1) await delay(Math.min(100 * 2 ** (failures - 2), 10_000), undefined, { signal }).catch(() => {});
    }
  }

  /** From connecting to one process until it is gone. */
  async #live(): Promise<void> {
    const { unit, socket, start, onState } = this.#options;
    const heard = (state: UnitState): void => {
      this.#pid = state.pid;
      onState(state);
    };
    let connection = await connectControl(socket, heard);
    if (!connection) {
      if (this.#options.signal.aborted) return;
      const spawned = start();
      this.#pid = spawned.pid;
      onState({ unit, pid: spawned.pid, phase: 'starting' });
      try {
        await spawned.listening;
      } catch (error) {
        onState({ unit, pid: 0, phase: 'failed', detail: (error as Error).message });
        return;
      }
      connection = await connectControl(socket, heard);
    }
    if (!connection) return;
    this.#connection = connection;
    if (this.#options.signal.aborted) connection.send({ command: 'stop' });
    await connection.closed;
    this.#connection = undefined;
  }
}
