import { keyOf } from '@plinth/apimachinery';
import type { InventoryEntry, Kustomization } from '@plinth/api';
import type { Client } from '@plinth/client';
import type { Clock } from '@plinth/controller-runtime';
import type { DesiredObject } from './build.ts';
import type { Memory } from './memory.ts';
import type { RunOutcome } from './status.ts';
import { waitHealthy, type HealthTarget } from './wait-healthy.ts';

export interface HealthRun {
  readonly revision: string;
  readonly inventory: readonly InventoryEntry[];
  /** Whose rights are used. */
  readonly actor: Client;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The run has changed something in the cluster. */
  readonly hasChanged: boolean;
  /** Called when nothing is changed any more. */
  readonly applied: () => void;
  /** Says that the wait has begun. */
  readonly progress: (outcome: RunOutcome) => Promise<unknown>;
}

/** Waits until what `wait` or `healthChecks` name is healthy. 'interrupted': there is something newer to apply. */
export async function checkHealth(kustomization: Kustomization, memory: Memory, objects: ReadonlyMap<string, DesiredObject>, run: HealthRun): Promise<RunOutcome | 'interrupted'> {
  const { revision, inventory, timeoutMs, signal, clock } = run;
  const targets = healthTargets(kustomization, objects);
  if (targets.length === 0) return { type: 'applied', revision, inventory };
  const startedAt = clock.now();
  if (run.hasChanged || kustomization.status?.lastAppliedRevision !== revision) await run.progress({ type: 'progressing', stage: 'Running health checks', revision, inventory });
  const interrupted = new AbortController();
  memory.healthWait = interrupted;
  run.applied();
  try {
    const result = await waitHealthy(run.actor, targets, { timeoutMs, signal: AbortSignal.any([signal, interrupted.signal]) });
    const healthyAfterMs = clock.now() - startedAt;
    if (result.type === 'healthy') return { type: 'applied', revision, inventory, healthyAfterMs };
    return { type: 'failed', reason: 'HealthCheckFailed', stage: 'Running health checks', revision, attempted: true, message: result.message, inventory };
  } catch (error) {
    if (interrupted.signal.aborted && !signal.aborted) return 'interrupted';
    throw error;
  } finally {
    memory.healthWait = undefined;
  }
}

function healthTargets(kustomization: Kustomization, objects: ReadonlyMap<string, DesiredObject>): readonly HealthTarget[] {
  const { spec } = kustomization;
  if (spec?.wait) return [...objects.values()].map(({ object }) => ({ apiVersion: object.apiVersion, kind: object.kind, key: keyOf(object) }));
  return (spec?.healthChecks ?? []).map(({ apiVersion, kind, name, namespace }) => ({
    apiVersion: apiVersion ?? 'v1',
    kind,
    key: { namespace: namespace ?? kustomization.metadata.namespace ?? '', name },
  }));
}
