import type { Job, Pod } from '@plinth/api';
import type { Informer } from '@plinth/controller-runtime';

/** The last state of pods that are gone, by the name of their Job, `namespace/name`. */
export type LastPods = Pick<ReadonlyMap<string, Pod>, 'get'>;

/**
 * Kubernetes deletes the pod of a Job that has run out of time or of tries, and with it the record of which container it
 * was. What the informer last saw is kept as long as the Job is there. A restart forgets it: then the cause names no
 * container.
 */
export function rememberLastPods(pods: Informer<Pod>, jobs: Informer<Job>): LastPods {
  const last = new Map<string, Pod>();
  pods.subscribe({
    deleted: (pod) => {
      const owner = pod.metadata.ownerReferences?.find(({ kind }) => kind === 'Job');
      const key = { namespace: pod.metadata.namespace!, name: owner?.name ?? '' };
      if (owner && pod.status?.phase !== 'Succeeded' && jobs.get(key)) last.set(`${key.namespace}/${key.name}`, pod);
    },
  });
  jobs.subscribe({ deleted: ({ metadata }) => last.delete(`${metadata.namespace}/${metadata.name}`) });
  return last;
}
