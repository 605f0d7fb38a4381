import type { Clock } from '@plinth/controller-runtime';
import type { Container, Probe } from '../../objects/types.ts';
import type { RunningContainer } from '../../runtime/container-runtime.ts';
import { runProbe, type ProbeResult } from './run-probe.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

export interface ProberOptions {
  readonly container: Container;
  readonly running: RunningContainer;
  readonly podIP: string;
  readonly clock: Clock;
  /** Each single failure, for events. */
  readonly failed: (kind: ProbeKind, message: string) => void;
  /** The startup probe has passed, or there is none. */
  readonly started: () => void;
  readonly ready: (ready: boolean) => void;
  /** Too many failures of the startup or the liveness probe. */
  readonly unhealthy: (kind: 'startup' | 'liveness') => void;
}

/**
 * Asks a running container how it is, as often as its probes say: the startup probe alone first, the other two when it
 * has passed. Without a readiness probe a container is ready once it has started. Returns the function that ends it.
 */
export function startProbing(options: ProberOptions): () => void {
  const { container } = options;
  const ends: (() => void)[] = [];
  const proceed = (): void => {
    options.started();
    if (container.readinessProbe) ends.push(repeat('readiness', container.readinessProbe, options, options.ready));
    else options.ready(true);
    if (container.livenessProbe) {
      ends.push(repeat('liveness', container.livenessProbe, options, (well) => {
        if (!well) options.unhealthy('liveness');
      }));
    }
  };
  if (container.startupProbe) {
    let passed = false;
    ends.push(repeat('startup', container.startupProbe, options, (well) => {
      if (passed) return;
      passed = well;
      ends.shift()?.();
      if (well) proceed();
      else options.unhealthy('startup');
    }));
  } else proceed();
  return () => {
    for (const end of ends) end();
  };
}

/** Tells of each change of mind: after `successThreshold` successes or `failureThreshold` failures in a row. */
function repeat(kind: ProbeKind, probe: Probe, { container, running, podIP, clock, failed }: ProberOptions, tell: (well: boolean) => void): () => void {
  const periodMs = Math.max(1, probe.periodSeconds ?? 10) * 1000;
  let ended = false;
  let successes = 0;
  let failures = 0;
  let told: boolean | undefined;
  const abort = new AbortController();
  const look = async (): Promise<void> => {
    const result: ProbeResult = await runProbe(probe, { container, running, podIP, signal: abort.signal, clock });
    if (ended) return;
    if (result.well) {
      successes += 1;
      failures = 0;
    } else {
      failures += 1;
      successes = 0;
      failed(kind, result.message);
    }
    const isWell = successes >= (probe.successThreshold ?? 1);
    const isIll = failures >= (probe.failureThreshold ?? 3);
    if (isWell && told !== true) tell((told = true));
    else if (isIll && told !== false) tell((told = false));
    if (!ended) cancel = clock.setTimeout(() => void look(), periodMs);
  };
  let cancel = clock.setTimeout(() => void look(), (probe.initialDelaySeconds ?? 0) * 1000);
  return () => {
    ended = true;
    cancel();
    abort.abort();
  };
}
