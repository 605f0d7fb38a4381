import { isAlreadyExists } from '@plinth/apimachinery';
import type { Core, RequestContext } from './core.ts';
import { create } from './verbs/create.ts';

const names = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** The namespaces that every cluster has. Also makes sure that the store's revision is above 0, which means "any". */
export async function seedNamespaces(core: Core): Promise<void> {
  const served = core.registry.find('', 'v1', 'namespaces');
  if (!served) return;
  const context: RequestContext = {
    user: { name: 'system:apiserver', groups: ['system:masters'] },
    userAgent: 'kube-apiserver',
    query: new URLSearchParams(),
    signal: core.signal,
    warnings: new Set(),
  };
  const ensure = async (name: string): Promise<void> => {
    if (core.namespace(name)) return;
    try {
      await create(core, served, undefined, { metadata: { name } }, context);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  };
  await Promise.all(names.map(ensure));
}
