import { forbidden } from '@plinth/apimachinery';
import type { Strategy } from '../registry/strategy.ts';
import { ensureObject, objectAt } from './members.ts';

/** Namespaces stay until the namespace controller has emptied them and says so through `/finalize`. */
export const namespaceStrategy: Partial<Strategy> = {
  countsGeneration: false,
  prepare: (draft, old, { subresource }) => {
    draft.metadata.labels = { ...draft.metadata.labels, 'kubernetes.io/metadata.name': draft.metadata.name };
    const spec = ensureObject(draft, 'spec');
    if (!old) {
      spec['finalizers'] = ['kubernetes'];
      draft['status'] = { phase: 'Active' };
    } else if (subresource !== 'finalize') {
      const finalizers = objectAt(old, 'spec')?.['finalizers'];
      if (finalizers === undefined) delete spec['finalizers'];
      else spec['finalizers'] = finalizers;
    }
  },
  markDeleted: (draft) => {
    ensureObject(draft, 'status')['phase'] = 'Terminating';
  },
  kept: (namespace) => {
    const finalizers = objectAt(namespace, 'spec')?.['finalizers'];
    return Array.isArray(finalizers) && finalizers.length > 0;
  },
  checkDelete: ({ metadata: { name } }) => {
    if (immortal.has(name)) throw forbidden({ group: '', plural: 'namespaces' }, name, 'this namespace may not be deleted');
  },
};

const immortal = new Set(['default', 'kube-system', 'kube-public']);
