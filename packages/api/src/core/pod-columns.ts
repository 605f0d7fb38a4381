import type { KubeObject } from '@plinth/apimachinery';
import type { Cell, Column } from '../schema/kind.ts';
import type { PodSpec } from './pod-spec.ts';
import type { PodStatus } from './pod.ts';

interface PodLike extends KubeObject {
  readonly spec?: PodSpec;
  readonly status?: PodStatus;
}

/** READY, STATUS, RESTARTS and AGE of `kubectl get pods`, worked out as kube-apiserver's printer does. */
export const podColumns: readonly Column<PodLike>[] = [
  { name: 'Ready', type: 'string', description: 'Containers that are ready, of all.', value: (pod) => readyOf(pod) },
  { name: 'Status', type: 'string', description: 'The phase, or what says more.', value: (pod) => statusOf(pod) },
  { name: 'Restarts', type: 'string', description: 'How often containers were restarted.', value: (pod, now) => restartsOf(pod, now) },
  { name: 'Age', type: 'date', description: 'Time since creation.', jsonPath: '.metadata.creationTimestamp' },
  { name: 'IP', type: 'string', priority: 1, description: 'Address of the pod.', value: (pod) => pod.status?.podIP || '<none>' },
  { name: 'Node', type: 'string', priority: 1, description: 'Node of the pod.', value: (pod) => pod.spec?.nodeName || '<none>' },
  { name: 'Nominated Node', type: 'string', priority: 1, description: 'Node being made free.', value: (pod) => pod.status?.nominatedNodeName || '<none>' },
  { name: 'Readiness Gates', type: 'string', priority: 1, description: 'Further conditions that hold.', value: (pod) => gatesOf(pod) },
];

function sidecarNames(pod: PodLike): ReadonlySet<string> {
  return new Set((pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
}

function readyOf(pod: PodLike): Cell {
  const sidecars = sidecarNames(pod);
  const ready = [
    ...(pod.status?.initContainerStatuses ?? []).filter((c) => sidecars.has(c.name) && c.started === true),
    ...(pod.status?.containerStatuses ?? []).filter((c) => c.state?.running !== undefined),
  ].filter((c) => c.ready).length;
  return `${ready}/${(pod.spec?.containers.length ?? 0) + sidecars.size}`;
}

/** The word that people know from `kubectl get pods`: `CrashLoopBackOff`, `Init:0/2`, `Completed`, `Terminating`. */
function statusOf(pod: PodLike): string {
  const status = pod.status ?? {};
  const ready = status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
  let word = status.reason || status.phase || 'Unknown';
  if (status.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated')) word = 'SchedulingGated';
  const init = initStatusOf(pod);
  if (init !== undefined) {
    word = init;
  } else {
    let running = false;
    for (const c of (status.containerStatuses ?? []).toReversed()) {
      const { waiting, terminated } = c.state ?? {};
      if (waiting?.reason) word = waiting.reason;
      else if (terminated?.reason) word = terminated.reason;
      else if (terminated) word = terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
      else if (c.ready && c.state?.running) running = true;
    }
    if (word === 'Completed' && running) word = ready ? 'Running' : 'NotReady';
  }
  if (pod.metadata.deletionTimestamp) {
    if (status.reason === 'NodeLost') return 'Unknown';
    if (status.phase !== 'Succeeded' && status.phase !== 'Failed') return 'Terminating';
  }
  return word;
}

/** `Init:...` while init containers still matter, else undefined. */
function initStatusOf(pod: PodLike): string | undefined {
  const sidecars = sidecarNames(pod);
  const statuses = pod.status?.initContainerStatuses ?? [];
  const total = pod.spec?.initContainers?.length ?? 0;
  for (const [index, c] of statuses.entries()) {
    const { waiting, terminated } = c.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(c.name) && c.started) continue;
    if (terminated) {
      if (terminated.reason) return `Init:${terminated.reason}`;
      return terminated.signal ? `Init:Signal:${terminated.signal}` : `Init:ExitCode:${terminated.exitCode}`;
    }
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
    return `Init:${index}/${total}`;
  }
  return undefined;
}

function restartsOf(pod: PodLike, now: number): Cell {
  const sidecars = sidecarNames(pod);
  const all = pod.status?.containerStatuses ?? [];
  const inits = pod.status?.initContainerStatuses ?? [];
  const initialising = initStatusOf(pod) !== undefined;
  const counted = initialising ? inits : [...inits.filter((c) => sidecars.has(c.name)), ...all];
  const restarts = counted.reduce((sum, c) => sum + c.restartCount, 0);
  const last = Math.max(...counted.map((c) => Date.parse(c.lastState?.terminated?.finishedAt ?? '') || 0), 0);
  return restarts > 0 && last > 0 ? `${restarts} (${shortDuration(now - last)} ago)` : String(restarts);
}

function gatesOf(pod: PodLike): Cell {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const held = gates.filter((g) => pod.status?.conditions?.some((c) => c.type === g.conditionType && c.status === 'True'));
  return `${held.length}/${gates.length}`;
}

/** A duration in ms as kubectl prints ages: `5s`, `3m20s`, `47m`, `5h3m`, `2d4h`, `30d`, `2y10d`. */
export function shortDuration(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < -1) return '<invalid>';
  if (s < 0) return '0s';
  if (s < 120) return `${s}s`;
  const m = Math.floor(s / 60);
  if (m < 10) return s % 60 === 0 ? `${m}m` : `${m}m${s % 60}s`;
  if (m < 180) return `${m}m`;
  const h = Math.floor(m / 60);
  if (h < 8) return m % 60 === 0 ? `${h}h` : `${h}h${m % 60}m`;
  if (h < 48) return `${h}h`;
  const d = Math.floor(h / 24);
  if (h < 192) return h % 24 === 0 ? `${d}d` : `${d}d${h % 24}h`;
  if (d < 730) return `${d}d`;
  const y = Math.floor(d / 365);
  if (d < 365 * 8) return d % 365 === 0 ? `${y}y` : `${y}y${d % 365}d`;
  return `${y}y`;
}
