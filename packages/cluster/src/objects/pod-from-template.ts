import type { Pod } from '@plinth/api';
import type { KubeObject, OwnerReference } from '@plinth/apimachinery';
import type { PodSpec, PodTemplate } from './types.ts';

export interface PodNaming {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owner: OwnerReference;
  /** Changes to the template's spec: hostname, volumes. */
  readonly spec?: Partial<PodSpec>;
}

/** The pod that a workload makes from its template. */
export function podFromTemplate(template: PodTemplate | undefined, naming: PodNaming): Pod {
  const labels = { ...template?.metadata?.labels, ...naming.labels };
  const annotations = { ...template?.metadata?.annotations, ...naming.annotations };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: naming.name,
      namespace: naming.namespace,
      labels,
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      ...(template?.metadata?.finalizers ? { finalizers: template.metadata.finalizers } : {}),
      ownerReferences: [naming.owner],
    },
    spec: { ...template?.spec, ...naming.spec } as PodSpec,
  } as KubeObject as Pod;
}
