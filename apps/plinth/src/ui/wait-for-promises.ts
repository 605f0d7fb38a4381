import { promises, type PlatformPromise } from '@plinth/api';
import type { DataDir } from '../config/data-dir.ts';
import { openAdminClients } from '../demo/clients.ts';
import { untilSome } from '../demo/until-some.ts';
import { UserError } from '../errors.ts';
import type { StartProgress } from './progress.ts';

/** Waits until every Promise that is installed is on offer (one at least, on the first start), and says so; or until `stop`. */
export async function waitForPromises(layout: DataDir, progress: StartProgress, stop?: AbortSignal): Promise<void> {
  using clients = await openAdminClients(layout);
  const { items } = await clients.platform.list<PlatformPromise>(promises);
  for (const { metadata } of items) {
    const late = AbortSignal.timeout(timeoutMs);
    const signal = stop ? AbortSignal.any([stop, late]) : late;
    try {
      await untilSome<PlatformPromise>(clients.platform, promises, { fieldSelector: `metadata.name=${metadata.name}` }, (promise) => promise.status?.status === 'Available', signal);
    } catch (error) {
      if (!late.aborted) throw error;
      throw new UserError(`the Promise ${metadata.name} is not on offer after ${timeoutMs / 1000} s`, { hint: `kubectl --kubeconfig ${layout.kubeconfig} describe promise ${metadata.name}` });
    }
    progress.done(`promise ${metadata.name.padEnd(10)}`);
  }
}

const timeoutMs = 30_000;
