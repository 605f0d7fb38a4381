import { promiseReleases, promises, type PlatformPromise, type PromiseRelease } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { addFinalizers, type Controller, done, dropFinalizers, patchStatus, type Result, retryAfter, runController } from '@plinth/controller-runtime';
import { findCondition } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted } from '../runtime/ensure-object.ts';
import { skipConflict } from '../runtime/skip-conflict.ts';
import { installPromise } from './install-promise.ts';
import { planRelease } from './plan.ts';
import { type ReleaseOutcome, releaseStatus } from './status.ts';

/**
 * Installs the Promises of releases, and removes them with their release. Fetches when the release or its Promise changes,
 * and after a failure again and again, at growing intervals: nobody tells us that a server is back.
 */
export function runPromiseReleaseController(context: PlatformContext, fetch: typeof globalThis.fetch = globalThis.fetch): Controller {
  const { client, informers, clock } = context;
  const releases = context.cache.informer<PromiseRelease>(promiseReleases);
  const recorder = context.recorder('PromiseReleaseController');
  /** Failures in a row of what is wanted now. Forgotten by a restart, which tries at once. */
  const failures = new Map<string, { readonly generation: number | undefined; readonly count: number; readonly nextAt: number }>();

  const report = async (release: PromiseRelease, outcome: ReleaseOutcome): Promise<void> => {
    const status = releaseStatus(release, outcome, clock.now());
    const before = findCondition(release.status?.conditions, 'Installed');
    if (outcome.type === 'failed' && (before?.reason !== outcome.reason || before.message !== outcome.message)) {
      const isOtherVersion = outcome.reason === 'VersionLabelNotFound' || outcome.reason === 'VersionNotMatching';
      recorder.record(release, { type: 'Warning', reason: isOtherVersion ? 'Invalid Promise' : 'Failed', message: outcome.message });
    }
    await patchStatus(client, promiseReleases, release, status);
  };

  const install = async (release: PromiseRelease): Promise<Result> => {
    const { name, generation } = release.metadata;
    const before = failures.get(name);
    const known = before?.generation === generation ? before : undefined;
    // Our own status wakes us too; that is no reason to ask the server again.
    if (known && known.nextAt > clock.now()) return retryAfter(known.nextAt - clock.now());
    const outcome = await installPromise(context, release, fetch);
    await report(release, outcome);
    if (outcome.type === 'installed') {
      failures.delete(name);
      return done;
    }
    const count = (known?.count ?? 0) + 1;
    const waitMs = Math.min(FIRST_RETRY_MS * 2 ** (count - 1), LAST_RETRY_MS);
    failures.set(name, { generation, count, nextAt: clock.now() + waitMs });
    return retryAfter(waitMs);
  };

  return runController({
    name: 'promiserelease',
    signal: context.signal,
    log: context.log,
    clock,
    sources: [
      { informer: releases },
      { informer: informers.promises, map: (promise) => releaseOf(promise), predicate: versionMoved },
    ],
    reconcile: (key) =>
      skipConflict(async () => {
        const found = releases.get(key);
        if (!found) {
          failures.delete(key.name);
          return done;
        }
        const release = found.metadata.deletionTimestamp ? found : await addFinalizers(client, promiseReleases, found, [FINALIZERS.promiseRelease]);
        const plan = planRelease({ release, promises: informers.promises.list({ labels: { [LABELS.promiseReleaseName]: key.name } }) });
        switch (plan.type) {
          case 'ignore':
            return done;
          case 'installed':
            failures.delete(key.name);
            await report(release, { type: 'installed' });
            return done;
          case 'ambiguous':
            await report(release, { type: 'failed', reason: 'FailedToCreateOrUpdatePromise', message: `more than one Promise carries the label ${LABELS.promiseReleaseName}=${key.name}: ${plan.names.join(', ')}` });
            return done;
          case 'fetch':
            return install(release);
          case 'remove':
            await Promise.all(plan.promises.filter(({ metadata }) => !metadata.deletionTimestamp).map((promise) => ensureDeleted(client, promises, promise)));
            return done;
          case 'let go':
            await dropFinalizers(client, promiseReleases, release, [FINALIZERS.promiseRelease]);
            return done;
          default:
            return plan satisfies never;
        }
      }),
  });
}

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 10 * 60_000;

function releaseOf(promise: KubeObject): readonly { readonly name: string }[] {
  const name = promise.metadata.labels?.[LABELS.promiseReleaseName];
  return name ? [{ name }] : [];
}

/** What of a Promise its release looks at: that it comes and goes, and its labels. */
const versionMoved = (object: KubeObject, previous: KubeObject | undefined): boolean => {
  const labels = (promise: KubeObject): string => JSON.stringify([promise.metadata.labels?.[LABELS.promiseVersion], promise.metadata.labels?.[LABELS.promiseReleaseName]]);
  return !previous || labels(object) !== labels(previous as PlatformPromise);
};
