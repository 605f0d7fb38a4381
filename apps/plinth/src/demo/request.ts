import type { ApiResource, UnstructuredObject } from '@plinth/apimachinery';

/** What the Promise `postgresql` offers. */
export const postgresqlRequests: ApiResource = { group: 'marketplace.kratix.io', version: 'v1alpha2', kind: 'postgresql', plural: 'postgresqls', namespaced: true };

/** The request that the demo makes; the same as in the README. */
export const exampleRequest: UnstructuredObject = {
  apiVersion: 'marketplace.kratix.io/v1alpha2',
  kind: 'postgresql',
  metadata: { name: 'example', namespace: 'default' },
  spec: { env: 'dev', teamId: 'acid', dbName: 'bestdb' },
};

/** What the rules of the Promise make of it on the worker. */
export const exampleInstance = { name: 'acid-example-postgresql', namespace: 'default', database: 'bestdb', user: 'acid' } as const;

export interface RequestStatus {
  readonly message?: string;
  readonly healthStatus?: { readonly state?: string };
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string; readonly reason?: string }[];
}

export const statusOf = (request: UnstructuredObject): RequestStatus => (request['status'] ?? {}) as RequestStatus;

export function hasCondition(object: UnstructuredObject, type: string, status = 'True'): boolean {
  return statusOf(object).conditions?.some((condition) => condition.type === type && condition.status === status) ?? false;
}
