import type { Container, PodSpec } from '../objects/types.ts';
import type { ContainerRecord } from './container-record.ts';

/** What the node agent does next for a pod. */
export interface PodPlan {
  /** Containers to start now. */
  readonly start: readonly Container[];
  /** Containers to stop now: sidecars whose pod is done, everything of a pod that has failed. */
  readonly stop: readonly string[];
  /** All of its containers have ended for good. */
  readonly finished: boolean;
  /** When to look again although nothing changes. */
  readonly wakeAtMs?: number;
}

/**
 * Init containers run one after the other to a good end; then all others start together. A sidecar (an init container
 * with `restartPolicy: Always`) has to have started only, and is stopped last.
 */
export function planPod(spec: PodSpec, records: ReadonlyMap<string, ContainerRecord>, nowMs: number): PodPlan {
  const start: Container[] = [];
  let wakeAtMs: number | undefined;
  const consider = (container: Container, record: ContainerRecord): void => {
    const at = (record.phase.type === 'terminated' ? record.restartAtMs : record.retryAtMs) ?? nowMs;
    if (at <= nowMs) start.push(container);
    else wakeAtMs = Math.min(wakeAtMs ?? at, at);
  };
  const plan = (finished: boolean, stop: readonly string[] = []): PodPlan => ({ start, stop, finished, ...(wakeAtMs === undefined ? {} : { wakeAtMs }) });
  const initContainers = spec.initContainers ?? [];
  const running = (containers: readonly Container[]): readonly string[] =>
    containers.filter((container) => records.get(container.name)!.phase.type === 'running').map((container) => container.name);

  for (const container of initContainers) {
    const record = records.get(container.name)!;
    if (isSidecar(container)) {
      if (record.phase.type !== 'running' && !mainsAreDone(spec, records)) consider(container, record);
      if (!record.started && !mainsAreDone(spec, records)) return plan(false);
      continue;
    }
    switch (record.phase.type) {
      case 'waiting':
        consider(container, record);
        return plan(false);
      case 'running':
        return plan(false);
      case 'terminated':
        if (record.phase.exitCode === 0) continue;
        if (spec.restartPolicy === 'Never') {
          const stop = running(initContainers);
          start.length = 0;
          wakeAtMs = undefined;
          return plan(stop.length === 0, stop);
        }
        consider(container, record);
        return plan(false);
      default:
        return record.phase satisfies never;
    }
  }

  if (mainsAreDone(spec, records)) {
    const stop = running(initContainers);
    return plan(stop.length === 0, stop);
  }
  for (const container of spec.containers) {
    const record = records.get(container.name)!;
    if (record.phase.type === 'waiting' || willRestart(spec, container, record)) consider(container, record);
  }
  return plan(false);
}

export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/** Whether a container that has ended is to run again. */
export function willRestart(spec: PodSpec, container: Container, record: ContainerRecord): boolean {
  if (record.phase.type !== 'terminated') return false;
  if (isSidecar(container)) return true;
  const isInit = (spec.initContainers ?? []).includes(container);
  if (spec.restartPolicy === 'Never') return false;
  if (isInit || spec.restartPolicy === 'OnFailure') return record.phase.exitCode !== 0;
  return true;
}

function mainsAreDone(spec: PodSpec, records: ReadonlyMap<string, ContainerRecord>): boolean {
  return spec.containers.every((container) => {
    const record = records.get(container.name)!;
    return record.phase.type === 'terminated' && !willRestart(spec, container, record);
  });
}
