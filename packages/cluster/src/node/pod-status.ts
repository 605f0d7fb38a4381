import type { Pod } from '@plinth/api';
import { withCondition } from '../objects/conditions.ts';
import { timeOf } from '../objects/time.ts';
import type { Condition, Container, ContainerState, ContainerStatus, PodStatus } from '../objects/types.ts';
import { restartDelayMs, type Backoff, type ContainerEnd, type ContainerRecord } from './container-record.ts';
import { isSidecar, willRestart } from './plan-pod.ts';

export interface PodFacts {
  readonly records: ReadonlyMap<string, ContainerRecord>;
  readonly nodeIP: string;
  /** Absent until the pod has its address. */
  readonly podIP?: string;
  readonly startedAtMs: number;
  readonly backoff: Backoff;
  /** Where each container runs: `program://<id>`; absent before its first start. */
  readonly containerIds: ReadonlyMap<string, string>;
  /** The pod is at its end whatever its containers say: evicted, past its deadline. */
  readonly verdict?: { readonly phase: 'Failed'; readonly reason: string; readonly message: string };
}

/** The status of a pod, from what is known of its containers, in the words that kubectl shows. */
export function podStatus(pod: Pod, facts: PodFacts, nowMs: number): PodStatus {
  const spec = pod.spec!;
  const { records } = facts;
  const initContainers = spec.initContainers ?? [];
  const initialized = initContainers.every((container) => {
    const record = records.get(container.name)!;
    return isSidecar(container) ? record.started || record.phase.type === 'terminated' : record.phase.type === 'terminated' && record.phase.exitCode === 0;
  });
  const phase = facts.verdict?.phase ?? phaseOf(pod, records, initialized);
  const toStatus = (container: Container): ContainerStatus => containerStatus(pod, container, facts, initialized);
  const statuses = spec.containers.map(toStatus);
  const initStatuses = initContainers.map(toStatus);

  return {
    phase,
    observedGeneration: pod.metadata.generation,
    conditions: conditionsOf(pod, phase, initialized, initStatuses, statuses, facts, nowMs),
    ...(facts.verdict ? { reason: facts.verdict.reason, message: facts.verdict.message } : {}),
    hostIP: facts.nodeIP,
    hostIPs: [{ ip: facts.nodeIP }],
    ...(facts.podIP ? { podIP: facts.podIP, podIPs: [{ ip: facts.podIP }] } : {}),
    startTime: pod.status?.startTime ?? timeOf(facts.startedAtMs),
    ...(initStatuses.length > 0 ? { initContainerStatuses: initStatuses } : {}),
    containerStatuses: statuses,
    qosClass: pod.status?.qosClass ?? qosClassOf(pod),
  } as PodStatus;
}

/** The rules of the kubelet's `getPhase`. */
function phaseOf(pod: Pod, records: PodFacts['records'], initialized: boolean): string {
  const spec = pod.spec!;
  if (!initialized) {
    const failed = (spec.initContainers ?? []).some((container) => {
      const { phase } = records.get(container.name)!;
      return phase.type === 'terminated' && phase.exitCode !== 0 && !isSidecar(container);
    });
    return failed && spec.restartPolicy === 'Never' ? 'Failed' : 'Pending';
  }
  const all = spec.containers.map((container) => ({ container, record: records.get(container.name)! }));
  if (all.some(({ record }) => record.phase.type === 'waiting' && !record.last)) return 'Pending';
  const ended = all.every(({ container, record }) => record.phase.type === 'terminated' && !willRestart(spec, container, record));
  if (!ended) return 'Running';
  return all.every(({ record }) => record.phase.type === 'terminated' && record.phase.exitCode === 0) ? 'Succeeded' : 'Failed';
}

function containerStatus(pod: Pod, container: Container, facts: PodFacts, initialized: boolean): ContainerStatus {
  const record = facts.records.get(container.name)!;
  const isInit = (pod.spec!.initContainers ?? []).includes(container);
  const id = facts.containerIds.get(container.name);
  const backingOff = willRestart(pod.spec!, container, record) && record.phase.type === 'terminated';
  const state: ContainerState = backingOff
    ? { waiting: { reason: 'CrashLoopBackOff', message: backoffMessage(pod, container, record, facts.backoff) } }
    : stateOf(record, id, isInit || initialized);
  const last = backingOff && record.phase.type === 'terminated' ? record.phase : record.last;
  const runsToEnd = isInit && !isSidecar(container);
  const completed = runsToEnd && record.phase.type === 'terminated' && record.phase.exitCode === 0;
  return {
    name: container.name,
    state,
    lastState: last ? { terminated: terminatedState(last, id) } : {},
    ready: completed || (!runsToEnd && record.phase.type === 'running' && record.ready),
    restartCount: record.restarts,
    image: container.image ?? '',
    imageID: record.phase.type === 'waiting' && !record.last ? '' : `plinth://${container.image}`,
    ...(id ? { containerID: id } : {}),
    started: record.phase.type === 'running' && (runsToEnd || record.started),
  };
}

function backoffMessage(pod: Pod, container: Container, { failures }: ContainerRecord, backoff: Backoff): string {
  const { name, namespace, uid } = pod.metadata;
  const seconds = restartDelayMs(failures, backoff) / 1000;
  const pause = seconds >= 60 ? `${Math.floor(seconds / 60)}m${seconds % 60}s` : `${seconds}s`;
  return `back-off ${pause} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`;
}

function stateOf({ phase }: ContainerRecord, id: string | undefined, mayCreate: boolean): ContainerState {
  switch (phase.type) {
    case 'waiting':
      if (!mayCreate) return { waiting: { reason: 'PodInitializing' } };
      return { waiting: { reason: phase.reason, ...(phase.message ? { message: phase.message } : {}) } };
    case 'running':
      return { running: { startedAt: timeOf(phase.startedAtMs) } };
    case 'terminated':
      return { terminated: terminatedState(phase, id) };
    default:
      return phase satisfies never;
  }
}

const terminatedState = (end: ContainerEnd, id: string | undefined): NonNullable<ContainerState['terminated']> => ({
  exitCode: end.exitCode,
  ...(end.signal ? { signal: end.signal } : {}),
  reason: end.reason,
  ...(end.message ? { message: end.message } : {}),
  startedAt: timeOf(end.startedAtMs),
  finishedAt: timeOf(end.finishedAtMs),
  ...(id ? { containerID: id } : {}),
});

function conditionsOf(
  pod: Pod,
  phase: string,
  initialized: boolean,
  initStatuses: readonly ContainerStatus[],
  statuses: readonly ContainerStatus[],
  facts: PodFacts,
  nowMs: number,
): PodStatus['conditions'] {
  const spec = pod.spec!;
  const done = phase === 'Succeeded' || phase === 'Failed';
  const sidecars = new Set((spec.initContainers ?? []).filter(isSidecar).map((container) => container.name));
  const mustBeReady = [...initStatuses.filter((status) => sidecars.has(status.name)), ...statuses];
  const unready = mustBeReady.filter((status) => !status.ready).map((status) => status.name);
  const incomplete = initStatuses.filter((status) => !(sidecars.has(status.name) ? status.started : status.ready)).map((status) => status.name);
  const gates = (spec.readinessGates ?? []).filter((gate) => pod.status?.conditions?.find((each) => each.type === gate.conditionType)?.status !== 'True');
  const bad = (reason: string, message?: string): Omit<Condition, 'type'> => ({ status: 'False', reason, ...(message ? { message } : {}) });
  const good: Omit<Condition, 'type'> = { status: 'True' };

  const containersReady = done
    ? bad(phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed')
    : unready.length > 0 ? bad('ContainersNotReady', `containers with unready status: [${unready.join(' ')}]`) : good;
  const next: readonly Condition[] = [
    { type: 'PodReadyToStartContainers', ...(facts.podIP && !done ? good : { status: 'False' }) },
    {
      type: 'Initialized',
      ...(phase === 'Succeeded'
        ? { status: 'True', reason: 'PodCompleted' }
        : initialized ? good : bad('ContainersNotInitialized', `containers with incomplete status: [${incomplete.join(' ')}]`)),
    },
    {
      type: 'Ready',
      ...(containersReady.status === 'True' && gates.length > 0
        ? bad('ReadinessGatesNotReady', gates.map((gate) => `the status of pod readiness gate "${gate.conditionType}" is not "True", but False`).join(', '))
        : containersReady),
    },
    { type: 'ContainersReady', ...containersReady },
    { type: 'PodScheduled', ...good },
  ];
  const before = pod.status?.conditions as readonly Condition[] | undefined;
  return next.reduce<readonly Condition[] | undefined>(
    (list, condition) => withCondition(list, { observedGeneration: pod.metadata.generation, ...condition }, nowMs),
    before,
  ) as PodStatus['conditions'];
}

function qosClassOf(pod: Pod): string {
  const all = [...(pod.spec!.initContainers ?? []), ...pod.spec!.containers];
  const asks = all.some(({ resources }) => Object.keys(resources?.requests ?? {}).length > 0 || Object.keys(resources?.limits ?? {}).length > 0);
  if (!asks) return 'BestEffort';
  const guaranteed = all.every(({ resources }) =>
    ['cpu', 'memory'].every((name) => {
      const limit = resources?.limits?.[name];
      return limit !== undefined && String(resources?.requests?.[name] ?? limit) === String(limit);
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
