import type { Pod } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import type { Cache, Clock, Informer, Logger } from '@plinth/controller-runtime';
import type { EventRecorder } from '../events/recorder.ts';
import { controllerOf } from '../objects/owner.ts';

/** What every controller of this room is given. `cache.client` writes; informers of `cache` read. */
export interface ControllerContext {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  /** Between 0 and 1; for the suffixes of names. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly events: (component: string) => EventRecorder;
  /** Gives a pod that is about to be made its node, where the scheduler would: that saves a write and a way there. */
  readonly place: (pod: Pod) => Pod;
}

const BY_OWNER = 'controller';
const ORPHANS = 'orphans';

/** Lets {@link dependentsOf} find the objects of this informer by their controller. May be called again. */
export function indexByController(informer: Informer<KubeObject>): void {
  if (indexed.has(informer)) return;
  indexed.add(informer);
  informer.addIndex(BY_OWNER, (object) => {
    const owner = controllerOf(object);
    return owner ? [owner.uid] : [];
  });
  informer.addIndex(ORPHANS, (object) => (controllerOf(object) ? [] : [object.metadata.namespace ?? '']));
}
const indexed = new WeakSet<Informer<KubeObject>>();

/** The objects that `owner` controls. */
export const dependentsOf = <T extends KubeObject>(informer: Informer<T>, owner: KubeObject): readonly T[] =>
  informer.byIndex(BY_OWNER, owner.metadata.uid!);

/** The objects of a namespace that nobody controls. */
export const orphansIn = <T extends KubeObject>(informer: Informer<T>, namespace: string): readonly T[] =>
  informer.byIndex(ORPHANS, namespace);

/** For a source: the controller of an object, if it is of this kind. */
export const controllerRequest = (kind: string) => (object: KubeObject) => {
  const owner = controllerOf(object);
  return owner?.kind === kind ? [{ namespace: object.metadata.namespace!, name: owner.name }] : [];
};
