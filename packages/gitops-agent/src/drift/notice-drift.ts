import type { GroupVersionKind, UnstructuredObject } from '@plinth/apimachinery';
import type { Job } from '@plinth/api';
import type { Memory } from '../kustomization/memory.ts';
import { hasDrifted, isLater, lastWriter } from './judge-drift.ts';

/** What was seen of an applied object while a run was busy with it, which alone knows what it wrote. */
export interface Sighting {
  readonly object: UnstructuredObject;
  readonly isGone: boolean;
}

/** Something to be put back. */
export interface Drift {
  readonly delayMs: number;
  /** How often it happened lately. */
  readonly times: number;
  /** What happened, for people: `somebody had deleted it`. */
  readonly cause: string;
}

/**
 * Judges what was seen of an object. Drift is noted in the memory, and returned when it is news; undefined: all is as the
 * agent left it, somebody else's fields changed, or it is known already.
 */
export function noticeDrift(memory: Memory, id: string, sighting: Sighting, now: number): Drift | undefined {
  const { object, isGone } = sighting;
  const { applied, drifted, build, open } = memory;
  if (drifted.has(id) || (isGone && mayExpire(object))) return undefined;
  const before = applied.get(id);
  const isDrift = isGone
    ? (before ? !isLater(before.resourceVersion, object.metadata.resourceVersion ?? '') : build.owners.has(id) || open.has(id))
    : before !== undefined && hasDrifted(object, before);
  if (!isDrift) return undefined;
  const { delayMs, times } = memory.contests.next(id, now);
  const cause = isGone ? 'somebody had deleted it' : `${lastWriter(object) ?? 'somebody'} had changed it`;
  drifted.set(id, { dueAt: now + delayMs, cause });
  return { delayMs, times, cause };
}

/** Objects of a kind that were applied and that a list does not name. */
export function missingFrom({ applied }: Memory, { group, kind }: GroupVersionKind, ids: ReadonlySet<string>, resourceVersion: string): readonly (readonly [string, Sighting])[] {
  const end = `_${group}_${kind}`;
  return [...applied].flatMap(([id, state]) => (id.endsWith(end) && !ids.has(id) && !mayExpire(state.object) && !isLater(state.resourceVersion, resourceVersion) ? [[id, { object: { ...state.object, metadata: { ...state.object.metadata, resourceVersion } }, isGone: true }] as const] : []));
}

/** Has the objects looked at whose time has come; says why. */
export function takeDrift({ drifted, applied, open }: Memory, now: number): ReadonlyMap<string, string> {
  const causes = new Map<string, string>();
  for (const [id, { dueAt, cause }] of drifted) {
    if (dueAt > now) continue;
    drifted.delete(id);
    applied.delete(id);
    open.add(id);
    causes.set(id, cause);
  }
  return causes;
}

/** A Job that goes by itself some time after its end: to make it again would be to run it again. */
const mayExpire = (object: UnstructuredObject): boolean => object.kind === 'Job' && (object as unknown as Job).spec?.ttlSecondsAfterFinished !== undefined;
