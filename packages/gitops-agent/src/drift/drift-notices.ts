import { keyString, type GroupVersionKind, type ObjectKey, type UnstructuredObject } from '@plinth/apimachinery';
import type { Kustomization } from '@plinth/api';
import type { Clock, EventRecorder, Informer } from '@plinth/controller-runtime';
import { printDuration } from '../duration.ts';
import type { Memories, Memory } from '../kustomization/memory.ts';
import { subjectOf } from '../kustomization/subject.ts';
import { OWNER_NAME_LABEL, OWNER_NAMESPACE_LABEL } from '../names.ts';
import { missingFrom, noticeDrift, type Sighting } from './notice-drift.ts';

/** Has Kustomizations run when something was done to what they applied. */
export interface DriftNotices {
  /** Something was seen of an object that carries a Kustomization's labels; gone: or did. */
  seen(id: string, object: UnstructuredObject, isGone: boolean): void;
  /** All objects of a kind that carry such labels, as of a version. */
  listed(kind: GroupVersionKind, ids: ReadonlySet<string>, resourceVersion: string): void;
  /** A run has applied everything: what was seen meanwhile is judged now. */
  judge(key: ObjectKey, memory: Memory): void;
}

export interface DriftNoticesOptions {
  readonly memories: Memories;
  readonly kustomizations: Informer<Kustomization>;
  readonly events: EventRecorder;
  readonly enqueue: (key: ObjectKey, afterMs: number) => void;
  readonly clock: Clock;
}

export function createDriftNotices({ memories, kustomizations, events, enqueue, clock }: DriftNoticesOptions): DriftNotices {
  function notice(key: ObjectKey, memory: Memory, id: string, sighting: Sighting): void {
    if (memory.isApplying) {
      memory.sightings.set(id, sighting);
      return;
    }
    const drift = noticeDrift(memory, id, sighting, clock.now());
    if (!drift) return;
    if (drift.delayMs > 0) {
      const message = `${subjectOf(sighting.object)} is not as the source wants it for the ${drift.times}th time in short: ${drift.cause}; it is put back in ${printDuration(drift.delayMs)}`;
      const kustomization = kustomizations.get(key);
      if (kustomization) events.record(kustomization, { type: 'Warning', reason: 'DriftContested', message });
    }
    memory.healthWait?.abort();
    enqueue(key, drift.delayMs);
  }

  return {
    seen: (id, object, isGone) => {
      const { [OWNER_NAME_LABEL]: name = '', [OWNER_NAMESPACE_LABEL]: namespace = '' } = object.metadata.labels ?? {};
      const owner = memories.get(keyString({ namespace, name }));
      // What lost its labels is gone from the watch, and says no more whose it is.
      const owners = owner ? [owner] : isGone ? [...memories.values()].filter(({ memory }) => memory.applied.has(id)) : [];
      for (const entry of owners) notice(entry.key, entry.memory, id, { object, isGone });
    },
    listed: (kind, ids, resourceVersion) => {
      for (const { key, memory } of memories.values()) for (const [id, sighting] of missingFrom(memory, kind, ids, resourceVersion)) notice(key, memory, id, sighting);
    },
    judge: (key, memory) => {
      memory.isApplying = false;
      const sightings = [...memory.sightings];
      memory.sightings.clear();
      for (const [id, sighting] of sightings) notice(key, memory, id, sighting);
    },
  };
}
