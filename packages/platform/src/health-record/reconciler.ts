import { healthRecords } from '@plinth/api';
import { type Controller, done, dropFinalizers, runController } from '@plinth/controller-runtime';
import { FINALIZERS } from '../naming/finalizers.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { skipConflict } from '../runtime/skip-conflict.ts';

/**
 * Lets health records go that carry Kratix's finalizer. There is nothing to clean up here: a request is told of each record
 * that comes, changes or goes, and adds up those that are about it (`aggregate.ts`).
 */
export function runHealthRecordController({ informers, client, signal, log, clock }: PlatformContext): Controller {
  return runController({
    name: 'healthrecord',
    signal,
    log,
    clock,
    sources: [{ informer: informers.healthRecords, predicate: ({ metadata }) => metadata.deletionTimestamp !== undefined }],
    reconcile: (key) =>
      skipConflict(async () => {
        const record = informers.healthRecords.get(key);
        if (record?.metadata.deletionTimestamp) await dropFinalizers(client, healthRecords, record, [FINALIZERS.healthRecord]);
        return done;
      }),
  });
}
