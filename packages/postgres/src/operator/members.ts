import type { Pod } from '@plinth/api';
import { roleLabel, rollingUpdateAnnotation } from './names.ts';
import { covers } from './subset.ts';

/** A database pod, as the operator sees it. */
export interface Member {
  readonly name: string;
  readonly ordinal: number;
  readonly role: 'master' | 'replica' | undefined;
  readonly ready: boolean;
  readonly ip: string | undefined;
  readonly isLeaving: boolean;
  readonly pod: Pod;
}

/** In the order of their numbers. */
export function membersOf(pods: readonly Pod[]): readonly Member[] {
  return pods.map(memberOf).sort((a, b) => a.ordinal - b.ordinal);
}

function memberOf(pod: Pod): Member {
  const role = pod.metadata.labels?.[roleLabel];
  const conditions = pod.status?.conditions as readonly { readonly type: string; readonly status: string }[] | undefined;
  const isLeaving = pod.metadata.deletionTimestamp !== undefined;
  return {
    name: pod.metadata.name,
    ordinal: Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? 0),
    role: role === 'master' || role === 'replica' ? role : undefined,
    ready: !isLeaving && conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true,
    ip: pod.status?.podIP,
    isLeaving,
    pod,
  };
}

/** Which pod to replace next, and whether any has to be. */
export interface RollingUpdate {
  readonly outdated: readonly Member[];
  /** Undefined: wait (or nothing is left to do). */
  readonly next: Member | undefined;
}

interface Container {
  readonly name: string;
  readonly env?: readonly { readonly name: string }[];
}

/**
 * Pods that were made from an older template. Replicas are replaced first, one at a time and only while everybody else is
 * ready; the primary last. Parameters do not count: members take them over while they run.
 */
export function planRollingUpdate(members: readonly Member[], template: unknown, instances: number): RollingUpdate {
  const outdated = members.filter((member) => isOutdated(member.pod, template));
  const settled = members.length === instances && members.every(({ isLeaving }) => !isLeaving);
  const next = outdated.find(({ role }) => role !== 'master') ?? outdated[0];
  const others = members.filter((member) => member !== next);
  return { outdated, next: next && settled && others.every(({ ready }) => ready) ? next : undefined };
}

function isOutdated(pod: Pod, template: unknown): boolean {
  if (pod.metadata.annotations?.[rollingUpdateAnnotation] === 'true') return true;
  const { metadata, spec } = (template ?? {}) as { readonly metadata?: { readonly labels?: unknown }; readonly spec?: { readonly containers?: readonly Container[] } };
  const actual = pod.spec?.containers as readonly Container[] | undefined;
  const containers = spec?.containers?.map((container) => essence(container));
  return !covers(pod.metadata.labels, metadata?.labels) || !covers(actual?.map((container) => essence(container)), containers);
}

/** What a container is made of, for comparison. The API server adds mounts (tokens) to pods, so those are left out. */
function essence(container: Container): object {
  const { name, image, env = [], resources, ports } = container as Container & { readonly image?: string; readonly resources?: unknown; readonly ports?: unknown };
  return { name, image, resources, ports, env: env.filter((variable) => variable.name !== 'SPILO_CONFIGURATION') };
}
