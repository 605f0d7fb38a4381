import type { Endpoints, IngressBackend, Service } from '@plinth/api';
import type { Informer } from '@plinth/controller-runtime';
import type { Target } from '../proxy/forwarder.ts';

/** Where a request may be sent to now, or why nowhere. */
export type BackendTargets = { readonly type: 'ready'; readonly targets: readonly Target[] } | { readonly type: 'none'; readonly why: string };

export interface BackendSources {
  readonly services: Informer<Service>;
  readonly endpoints: Informer<Endpoints>;
}

/** The ready endpoints of the Service that a backend names, as they are at this moment. */
export function backendTargets(namespace: string, backend: IngressBackend, { services, endpoints }: BackendSources): BackendTargets {
  const wanted = backend.service;
  if (!wanted) return none('the Ingress names a backend that is no Service');
  const service = services.get({ namespace, name: wanted.name });
  if (!service) return none(`there is no Service ${namespace}/${wanted.name}`);
  const port = (service.spec?.ports ?? []).find(({ name, port: number }) => (wanted.port?.name ? name === wanted.port.name : number === wanted.port?.number));
  if (!port) return none(`the Service ${namespace}/${wanted.name} has no port ${wanted.port?.name ?? wanted.port?.number ?? ''}`);
  const subsets = endpoints.get({ namespace, name: wanted.name })?.subsets ?? [];
  const targets = subsets.flatMap((subset) =>
    (subset.ports ?? [])
      .filter((each) => (each.name ?? '') === (port.name ?? ''))
      .flatMap((each) => (subset.addresses ?? []).map(({ ip }) => ({ host: ip, port: each.port }))),
  );
  if (targets.length > 0) return { type: 'ready', targets };
  const waiting = subsets.reduce((sum, subset) => sum + (subset.notReadyAddresses?.length ?? 0), 0);
  return none(`no pod of the Service ${namespace}/${wanted.name} is ready${waiting > 0 ? ` (${waiting} started and not ready yet)` : ''}`);
}

const none = (why: string): BackendTargets => ({ type: 'none', why });
