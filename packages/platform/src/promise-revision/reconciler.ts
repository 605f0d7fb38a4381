import type { PlatformPromise, PromiseRevision, ResourceBinding } from '@plinth/api';
import { type KubeObject, keyOf } from '@plinth/apimachinery';
import { type Controller, done, type Request, runController } from '@plinth/controller-runtime';
import { LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { BY_PROMISE, BY_VERSION, versionKey } from '../runtime/informers.ts';
import { traced } from '../telemetry/telemetry.ts';
import { skipConflict } from '../runtime/skip-conflict.ts';
import { applyRevision } from './apply.ts';
import { planRevision, type RevisionSnapshot } from './plan.ts';
import { promiseVersion } from './revision.ts';

/** Keeps the revisions of Promises: which is the latest, and what goes when one is deleted. */
export function runRevisionController(context: PlatformContext): Controller {
  const { informers } = context;
  const observe = (revision: PromiseRevision): RevisionSnapshot => {
    const { promiseRef, version = '' } = revision.spec ?? {};
    const name = promiseRef?.name ?? '';
    return {
      revision,
      promise: informers.promises.get({ name }),
      siblings: informers.revisions.byIndex(BY_PROMISE, name).filter((other) => other.metadata.name !== revision.metadata.name),
      bindings: informers.bindings.byIndex(BY_VERSION, versionKey(name, version)),
    };
  };
  return runController({
    name: 'promiserevision',
    signal: context.signal,
    log: context.log,
    clock: context.clock,
    sources: [
      { informer: informers.revisions },
      { informer: informers.revisions, map: (revision) => revisionsOf(context, (revision as PromiseRevision).spec?.promiseRef?.name), predicate: isMarkMoved },
      { informer: informers.promises, map: (promise) => revisionsOf(context, promise.metadata.name), predicate: hasVersionChanged },
      // A revision on its way out waits until nobody is bound to it.
      { informer: informers.bindings, map: (binding) => boundTo(context, binding as ResourceBinding) },
    ],
    reconcile: traced(context.telemetry, (key) => ({ name: `${key.name}/PromiseRevisionReconcile`, object: informers.revisions.get(key) }), (key) =>
      skipConflict(async () => {
        const revision = informers.revisions.get(key);
        if (revision) await applyRevision(context, revision, planRevision(observe(revision)));
        return done;
      }),
    ),
  });
}

const revisionsOf = ({ informers }: PlatformContext, promiseName = ''): readonly Request[] => informers.revisions.byIndex(BY_PROMISE, promiseName).map(keyOf);

function boundTo({ informers }: PlatformContext, { spec }: ResourceBinding): readonly Request[] {
  const revisions = informers.revisions.byIndex(BY_PROMISE, spec?.promiseRef?.name ?? '');
  return revisions.filter((revision) => revision.metadata.deletionTimestamp && revision.spec?.version === spec?.version).map(keyOf);
}

const isMarkMoved = (object: KubeObject, previous: KubeObject | undefined): boolean => object.metadata.labels?.[LABELS.latestRevision] !== previous?.metadata.labels?.[LABELS.latestRevision];

const hasVersionChanged = (object: KubeObject, previous: KubeObject | undefined): boolean => !previous || promiseVersion(object as PlatformPromise) !== promiseVersion(previous as PlatformPromise);
