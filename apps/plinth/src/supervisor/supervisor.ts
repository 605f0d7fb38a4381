import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type DataDir, type UnitName, unitNames } from '../config/data-dir.ts';
import { FileLock } from '../config/file-lock.ts';
import { exitCodes, UserError } from '../errors.ts';
import { ControlServer, type UnitState } from './control-socket.ts';
import { KeepAlive } from './keep-alive.ts';
import { spawnPlinth } from './spawn.ts';

export interface SupervisorOptions {
  readonly layout: DataDir;
  readonly onState: (state: UnitState) => void;
  /** Somebody asked over the control socket (`plinth down`). */
  readonly onStopRequested: () => void;
}

/** True when a supervisor runs for this data directory. */
export function supervisorRuns(layout: DataDir): boolean {
  const lock = FileLock.tryAcquire(lockFile(layout));
  lock?.[Symbol.dispose]();
  return lock === undefined;
}

/**
 * Runs the units, one process each, and brings back the ones that die. Ends them, and itself, on `stop`.
 *
 * A supervisor that is killed leaves its units running; they start another one, which takes them over.
 */
export class Supervisor {
  readonly #lock: FileLock;
  readonly #control: ControlServer;
  readonly #units: ReadonlyMap<UnitName, KeepAlive>;
  readonly #states = new Map<string, UnitState>();
  readonly #stopping = new AbortController();
  readonly #onState: (state: UnitState) => void;

  private constructor(lock: FileLock, control: ControlServer, options: SupervisorOptions) {
    this.#lock = lock;
    this.#control = control;
    this.#onState = options.onState;
    const { layout } = options;
    this.#units = new Map(
      unitNames.map((unit) => [
        unit,
        new KeepAlive({
          unit,
          socket: layout.socket(unit),
          start: () => spawnPlinth(layout, unit, ['unit', unit, '--data-dir', layout.root], nodeOptions),
          onState: (state) => this.#heard(state),
          signal: this.#stopping.signal,
        }),
      ]),
    );
  }

  /** Fails with a {@link UserError} when one runs already. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const { layout } = options;
    const lock = FileLock.tryAcquire(lockFile(layout));
    if (!lock) {
      throw new UserError(`Plinth already runs on ${layout.root}`, { hint: '`plinth status` shows it, `plinth down` stops it', exitCode: exitCodes.failed });
    }
    const control = await ControlServer.listen(layout.socket('supervisor'), { unit: 'supervisor', pid: process.pid, phase: 'ready' }, {
      command: () => options.onStopRequested(),
      lastConnectionClosed: () => {},
    });
    return new Supervisor(lock, control, options);
  }

  state(unit: UnitName): UnitState | undefined {
    return this.#states.get(unit);
  }

  /**
   * Stops all units, databases included, and gives up the lock. A unit that does not end in 4 s is killed; its databases
   * are stopped by `sweep`.
   */
  async stop(sweep: () => Promise<void> = async () => {}): Promise<void> {
    this.#stopping.abort();
    this.#control.set({ phase: 'stopping' });
    for (const unit of this.#units.values()) unit.requestStop();
    const ended = Promise.all([...this.#units.values()].map((unit) => unit.done));
    const timer = new AbortController();
    const inTime = await Promise.race([ended.then(() => true), delay(4000, false, { signal: timer.signal }).catch(() => true)]);
    timer.abort();
    if (!inTime) {
      for (const unit of this.#units.values()) if (unit.pid > 0) kill(unit.pid);
      await Promise.race([ended, delay(500)]);
    }
    await sweep();
    await this.#control[Symbol.asyncDispose]();
    this.#lock[Symbol.dispose]();
  }

  #heard(state: UnitState): void {
    this.#states.set(state.unit, state);
    this.#control.publish(state);
    this.#onState(state);
  }
}

const lockFile = (layout: DataDir): string => join(layout.run, 'supervisor.lock');

/** Small heaps: an idle platform should not hold memory that it does not need. */
const nodeOptions = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8'];

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in the meantime.
  }
}
