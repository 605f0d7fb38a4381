import type { CustomResourceDefinition, DryRun, Work } from '@plinth/api';
import { apiVersionOf, type KubeObject, type ApiResource } from '@plinth/apimachinery';
import { encodeWorkload } from '@plinth/state-store';
import { PLATFORM_API_VERSION } from '../naming/constants.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { ANNOTATIONS, LABELS } from '../naming/labels.ts';
import { md5hex, stableName } from '../naming/stable-name.ts';
import type { Component } from './components.ts';

/**
 * The name of the request that a DryRun runs in place of the real one. Kratix' name has up to 63 characters; an API that allows
 * fewer gets a shorter one.
 */
export function rehearsalName(dryRun: string, maxLength = Infinity): string {
  const name = stableName(`kratix-dry-run-${dryRun}`);
  return name.length <= maxLength ? name : `dry-run-${md5hex(dryRun).slice(0, 8)}`;
}

/** How long the names of a Promise's requests may be, where their schema says so. */
export function nameLimit(api: CustomResourceDefinition): number | undefined {
  const { versions } = api.spec;
  const schema = (versions.find(({ storage }) => storage) ?? versions[0])?.schema?.openAPIV3Schema as NameSchema | undefined;
  return schema?.properties?.metadata?.properties?.name?.maxLength;
}

interface NameSchema {
  readonly properties?: { readonly metadata?: { readonly properties?: { readonly name?: { readonly maxLength?: number } } } };
}

/** The real request that a DryRun is about. */
export const realRequest = ({ metadata, spec }: DryRun): { readonly name: string; readonly namespace: string } => ({
  name: spec?.resourceRequestRef?.name ?? '',
  namespace: spec?.resourceRequestRef?.namespace || metadata.namespace!,
});

export function buildRehearsal(dryRun: DryRun, resource: ApiResource, maxLength?: number): KubeObject {
  const real = realRequest(dryRun);
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: {
      name: rehearsalName(dryRun.metadata.name, maxLength),
      namespace: dryRun.metadata.namespace!,
      labels: { [LABELS.dryRun]: 'true', [LABELS.dryRunOwner]: dryRun.metadata.name },
      annotations: { [ANNOTATIONS.dryRunResourceName]: real.name, [ANNOTATIONS.dryRunResourceNamespace]: real.namespace },
      ownerReferences: [ownedBy(dryRun)],
    },
    spec: dryRun.spec?.resource ?? {},
  } as KubeObject;
}

/** The DryRun of a component, beside that of the compound request. */
export function buildChild(parent: DryRun, { promise, name, namespace, spec }: Component): DryRun {
  return {
    apiVersion: PLATFORM_API_VERSION,
    kind: 'DryRun',
    metadata: {
      name: stableName(`${parent.metadata.name}-${promise}-${name}`),
      namespace: parent.metadata.namespace!,
      labels: { [LABELS.dryRunParent]: parent.metadata.name, [LABELS.promiseName]: promise },
      ownerReferences: [ownedBy(parent)],
    },
    spec: { promiseRef: { name: promise }, resourceRequestRef: { name, namespace }, resource: spec },
  } as DryRun;
}

export const summaryName = (promise: string, dryRun: string): string => stableName(`${promise}-${dryRun}-dry-run-summary`);

/** The Work that brings the summary to where dry runs go, beside the files of the request `rehearsal`. */
export function buildSummary(dryRun: DryRun, rehearsal: string, markdown: string): Work {
  const promise = dryRun.spec?.promiseRef?.name ?? '';
  const { name, namespace, labels } = dryRun.metadata;
  const isChild = labels?.[LABELS.dryRunParent] !== undefined;
  return summaryWork({
    name: summaryName(promise, name),
    namespace: namespace!,
    labels: { [LABELS.dryRunOwner]: name },
    owner: ownedBy(dryRun),
    promise,
    resourceName: rehearsal,
    file: isChild ? `kratix-dry-run-summary-${name}.md` : 'kratix-dry-run-summary.md',
    markdown,
  });
}

export interface SummaryOf {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: NonNullable<KubeObject['metadata']['ownerReferences']>[number];
  readonly promise: string;
  readonly resourceName: string;
  readonly file: string;
  readonly markdown: string;
}

export function summaryWork({ name, namespace, labels, owner, promise, resourceName, file, markdown }: SummaryOf): Work {
  return {
    apiVersion: PLATFORM_API_VERSION,
    kind: 'Work',
    metadata: {
      name,
      namespace,
      labels: { [LABELS.dryRun]: 'true', [LABELS.dryRunSummary]: 'true', ...labels },
      finalizers: [FINALIZERS.work],
      ownerReferences: [owner],
    },
    spec: { promiseName: promise, resourceName, workloadGroups: [{ id: md5hex('dry-run-summary'), directory: '.', workloads: [encodeWorkload(file, Buffer.from(markdown))] }] },
  } as Work;
}

export const ownedBy = ({ apiVersion, kind, metadata }: KubeObject): SummaryOf['owner'] => ({ apiVersion, kind, name: metadata.name, uid: metadata.uid!, controller: true, blockOwnerDeletion: true });

