import { setTimeout as delay } from 'node:timers/promises';
import { PostgresError } from '../errors.ts';

/**
 * Stops a PostgreSQL server: fast (SIGINT), after `patienceMs` at once (SIGQUIT: it recovers at its next start), then by
 * force. An adopted server is not our child, so nobody tells us when it is gone; a shutdown takes about 10 ms.
 *
 * Errors: `StopFailed` when the process is there even after it was killed.
 */
export async function stopProcess(pid: number, isAlive: () => boolean, patienceMs: number): Promise<void> {
  const steps = [['SIGINT', patienceMs], ['SIGQUIT', 1_000], ['SIGKILL', 2_000]] as const;
  for (const [signal, waitMs] of steps) {
    if (!isAlive()) return;
    if (waitMs === 0) continue;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    const deadline = Date.now() + waitMs;
    for (let pauseMs = 2; isAlive() && Date.now() < deadline; pauseMs = Math.min(pauseMs * 2, 50)) await delay(pauseMs);
  }
  if (isAlive()) throw new PostgresError('StopFailed', `the PostgreSQL server with process id ${pid} is there even after it was killed`, 'Look at the process and its disk');
}
