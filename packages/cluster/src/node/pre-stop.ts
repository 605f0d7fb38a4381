import type { Clock } from '@plinth/controller-runtime';
import type { Container } from '../objects/types.ts';
import type { RunningContainer } from '../runtime/container-runtime.ts';
import { runProbe } from './probes/run-probe.ts';

export interface PreStopOptions {
  readonly podIP: string;
  readonly graceMs: number;
  readonly clock: Clock;
  readonly failed: (message: string) => void;
}

/** Runs the container's `preStop` handler within the grace period. Returns how much of it is spent, in ms. Never rejects. */
export async function runPreStop(container: Container, running: RunningContainer, { podIP, graceMs, clock, failed }: PreStopOptions): Promise<number> {
  const handler = container.lifecycle?.preStop;
  if (!handler || graceMs <= 0) return 0;
  const from = clock.now();
  const over = Promise.withResolvers<void>();
  const cancel = clock.setTimeout(over.resolve, graceMs);
  const aborted = new AbortController();
  if (handler.sleep) {
    const cancelSleep = clock.setTimeout(over.resolve, (handler.sleep.seconds ?? 0) * 1000);
    await Promise.race([over.promise, running.ended]);
    cancelSleep();
  } else {
    const timeoutSeconds = Math.ceil(graceMs / 1000);
    const acted = runProbe({ ...handler, timeoutSeconds }, { container, running, podIP, signal: aborted.signal, clock });
    const result = await Promise.race([acted, over.promise, running.ended]);
    if (result && 'well' in result && !result.well) failed(`PreStopHook failed: ${result.message}`);
  }
  cancel();
  aborted.abort();
  return clock.now() - from;
}
