import { createClient, type Client } from '@plinth/client';
import { httpTransport, loadKubeconfig } from '@plinth/client/node';
import type { DataDir } from '../config/data-dir.ts';

export interface AdminClients extends Disposable {
  readonly platform: Client;
  readonly worker: Client;
}

/** Clients of both clusters with the kubeconfig that a person would use. */
export async function openAdminClients(layout: DataDir): Promise<AdminClients> {
  const open = async (context: string) => httpTransport(await loadKubeconfig(layout.kubeconfig, context));
  const [platform, worker] = await Promise.all([open('platform'), open('worker')]);
  return {
    platform: createClient(platform),
    worker: createClient(worker),
    [Symbol.dispose]: () => {
      platform[Symbol.dispose]();
      worker[Symbol.dispose]();
    },
  };
}
