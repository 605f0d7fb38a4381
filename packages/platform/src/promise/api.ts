import type { CustomResourceDefinition, PlatformPromise } from '@plinth/api';
import type { ApiResource } from '@plinth/apimachinery';

/** The CRD in a Promise, or undefined for a Promise without an API (absent, `null` or `{}`). */
export function apiOf(promise: PlatformPromise): CustomResourceDefinition | undefined {
  const api = promise.spec?.api;
  return api && Object.keys(api).length > 0 ? api : undefined;
}

/** The version that requests are read and written in: the storage version, else the first. */
export function storageVersion(api: CustomResourceDefinition): string {
  const versions = api.spec.versions;
  return (versions.find((version) => version.storage) ?? versions[0])?.name ?? '';
}

/** Where the requests of a Promise live. */
export function requestResource(api: CustomResourceDefinition): ApiResource {
  return { group: api.spec.group, version: storageVersion(api), kind: api.spec.names.kind, plural: api.spec.names.plural, namespaced: true };
}
