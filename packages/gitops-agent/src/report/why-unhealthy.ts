import type { Pod } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { healthOf } from '../kustomization/health.ts';

/** A word for programs and a sentence for people. */
export interface Trouble {
  readonly reason: string;
  readonly message: string;
}

interface Loose extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[] };
}

/** Why an object does not work (yet), with the pods that run for it; undefined when it does. */
export function whyUnhealthy(object: KubeObject, pods: readonly Pod[]): Trouble | undefined {
  const health = healthOf(object);
  if (health === 'Current') return undefined;
  if (health === 'Terminating') return { reason: 'Terminating', message: 'it is being deleted' };
  const own = object.kind === 'Pod' ? [object as Pod] : pods;
  const troubles = own.map(podTrouble).filter((trouble) => trouble !== undefined);
  const [first] = troubles.toSorted((a, b) => a.rank - b.rank);
  if (first && first.rank < RANK.starting) return { reason: first.reason, message: first.message };
  return conditionTrouble(object as Loose) ?? first ?? { reason: health, message: health === 'Failed' ? 'it has failed' : 'it is not what its spec says yet' };
}

/** The conditions that tell of causes, the most telling first. */
const TELLING = ['ReplicaFailure', 'Failed', 'Stalled'] as const;

function conditionTrouble({ status }: Loose): Trouble | undefined {
  const conditions = status?.conditions ?? [];
  const found =
    TELLING.map((type) => conditions.find((condition) => condition.type === type && condition.status === 'True')).find((condition) => condition !== undefined) ??
    conditions.find(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded');
  if (found) return { reason: found.reason || found.type, message: found.message || `${found.type} is ${found.status}` };
  // Not ready is no failure: it may be on its way.
  const missing = conditions.find((condition) => (condition.type === 'Ready' || condition.type === 'Available') && condition.status !== 'True');
  return missing && { reason: 'InProgress', message: [missing.reason, missing.message].filter(Boolean).join(': ') || `${missing.type} is ${missing.status}` };
}

/** What stands in the way for good comes before what may pass. */
const RANK = { stuck: 0, crashing: 1, unscheduled: 2, failing: 3, starting: 4 } as const;

interface PodTrouble extends Trouble {
  readonly rank: number;
}

const STARTING = new Set(['ContainerCreating', 'PodInitializing']);

function podTrouble(pod: Pod): PodTrouble | undefined {
  const { name } = pod.metadata;
  if (pod.metadata.deletionTimestamp) return undefined;
  const { phase, conditions = [], initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  if (phase === 'Succeeded') return undefined;
  for (const { name: container, state, lastState } of [...initContainerStatuses, ...containerStatuses]) {
    const waiting = state?.waiting;
    const where = `pod ${name}, container ${container}`;
    if (waiting?.reason === 'CrashLoopBackOff') {
      const last = lastState?.terminated;
      const code = last?.exitCode === undefined ? '' : ` with exit code ${last.exitCode}`;
      return { rank: RANK.crashing, reason: 'CrashLoopBackOff', message: `${where} ends again and again, the last time${code}${last?.message ? `: ${last.message}` : ''}` };
    }
    if (waiting?.reason && !STARTING.has(waiting.reason)) return { rank: RANK.stuck, reason: waiting.reason, message: `${where}: ${waiting.message || waiting.reason}` };
    const ended = state?.terminated;
    if (ended && ended.exitCode !== 0) return { rank: RANK.crashing, reason: ended.reason || 'Error', message: `${where} ended with exit code ${ended.exitCode}${ended.message ? `: ${ended.message}` : ''}` };
  }
  const unscheduled = conditions.find(({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable');
  if (unscheduled) return { rank: RANK.unscheduled, reason: 'FailedScheduling', message: `pod ${name}: ${unscheduled.message || 'no node takes it'}` };
  if (phase === 'Failed') return { rank: RANK.failing, reason: pod.status?.reason || 'Failed', message: `pod ${name} failed${pod.status?.message ? `: ${pod.status.message}` : ''}` };
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  return { rank: RANK.starting, reason: 'InProgress', message: `pod ${name} is not ready${ready?.message ? `: ${ready.message}` : ''}` };
}
