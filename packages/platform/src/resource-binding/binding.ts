import type { PlatformPromise, ResourceBinding } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { PLATFORM_API_VERSION } from '../naming/constants.ts';
import { LABELS } from '../naming/labels.ts';
import { stableName } from '../naming/stable-name.ts';

/** What a binding's `spec.version` says when its request follows every new version. */
export const LATEST = 'latest';

/** The binding of a request that has none: named as Kratix names it. */
export function buildBinding(promise: PlatformPromise, request: KubeObject, version: string): ResourceBinding {
  const { name, namespace = '' } = request.metadata;
  return {
    apiVersion: PLATFORM_API_VERSION,
    kind: 'ResourceBinding',
    metadata: { name: bindingName(promise, request), namespace, labels: bindingLabels(promise, request) },
    spec: { version, promiseRef: { name: promise.metadata.name }, resourceRef: { name, namespace } },
  };
}

export const bindingName = (promise: PlatformPromise, { metadata: { name } }: KubeObject): string => stableName(`${name}-${promise.metadata.name}`);

/** `a` of the Promise `b-c` and `a-b` of `c` have one name in Kratix; whoever comes second takes this one. */
export const otherBindingName = (promise: PlatformPromise, { metadata: { name } }: KubeObject): string => stableName(`${name}-${promise.metadata.name}`, `${promise.metadata.name}/${name}`);

/** The labels of the request, without those that ask it for one run, and those by which the binding is found. */
export function bindingLabels(promise: PlatformPromise, { metadata }: KubeObject): Readonly<Record<string, string>> {
  const { [LABELS.manualReconciliation]: _manual, [LABELS.runFromStart]: _fromStart, ...labels } = metadata.labels ?? {};
  return { ...labels, [LABELS.promiseName]: promise.metadata.name, [LABELS.resourceName]: metadata.name };
}
