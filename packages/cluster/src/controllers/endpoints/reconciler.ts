import { endpoints, endpointSlices, pods, services, type Endpoints, type EndpointSlice, type Pod, type Service } from '@plinth/api';
import { deepEqual, isForbidden, isNotFound, keyOf, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import { done, runController, type Controller } from '@plinth/controller-runtime';
import type { ControllerContext } from '../controller-context.ts';
import { deleteObject } from '../delete-object.ts';
import { MANAGED_BY, planEndpoints, planEndpointSlices } from './plan.ts';

/**
 * Says which addresses are behind a Service. Services without a selector keep the Endpoints that somebody else wrote;
 * those are shown as EndpointSlices, too.
 */
export function startEndpointsController(context: ControllerContext): Controller {
  const { cache } = context;
  const { client } = cache;
  const serviceInformer = cache.informer<Service>(services);
  const podInformer = cache.informer<Pod>(pods);
  const endpointsInformer = cache.informer<Endpoints>(endpoints);
  const sliceInformer = cache.informer<EndpointSlice>(endpointSlices);
  const SERVICE_OF_SLICE = 'kubernetes.io/service-name';
  sliceInformer.addIndex('service', (slice) => {
    const name = slice.metadata.labels?.[SERVICE_OF_SLICE];
    return name ? [`${slice.metadata.namespace}/${name}`] : [];
  });

  return runController({
    ...context,
    name: 'endpoints',
    sources: [
      { informer: serviceInformer },
      { informer: endpointsInformer },
      {
        informer: podInformer,
        predicate: (pod) => (pod as Pod).status?.podIP !== undefined,
        map: (pod) =>
          serviceInformer
            .list({ namespace: pod.metadata.namespace! })
            .filter((service) => selects(service, pod as Pod))
            .map(keyOf),
      },
    ],
    reconcile: async (request) => {
      const service = serviceInformer.get(request);
      const existing = endpointsInformer.get(request);
      const slices = sliceInformer.byIndex('service', `${request.namespace}/${request.name}`);
      if (!service || service.metadata.deletionTimestamp || service.spec?.type === 'ExternalName') {
        // Endpoints without a Service are of no use, ours or not: with the Service gone, Kubernetes removes them, too.
        if (existing && existing.metadata.labels?.[MANAGED_BY]) await deleteObject(client, endpoints, existing);
        for (const slice of slices) await deleteObject(client, endpointSlices, slice);
        return done;
      }
      let wanted: Endpoints;
      if (service.spec?.selector && Object.keys(service.spec.selector).length > 0) {
        const selected = podInformer.list({ namespace: request.namespace!, labels: service.spec.selector });
        wanted = planEndpoints(service, selected);
        await ensure(endpoints, existing, wanted, (object) => ({ subsets: object.subsets ?? [] }));
      } else {
        if (!existing) wanted = { apiVersion: 'v1', kind: 'Endpoints', metadata: service.metadata } as Endpoints;
        else wanted = existing;
      }
      const wantedSlices = planEndpointSlices(service, wanted);
      const byName = new Map(slices.map((slice) => [slice.metadata.name, slice]));
      for (const slice of wantedSlices) {
        await ensure(endpointSlices, byName.get(slice.metadata.name), slice, (object) => ({ endpoints: object.endpoints, ports: object.ports }));
        byName.delete(slice.metadata.name);
      }
      for (const slice of byName.values()) await deleteObject(client, endpointSlices, slice);
      return done;
    },
  });

  async function ensure<T extends KubeObject>(resource: ApiResource, existing: T | undefined, wanted: T, content: (object: T) => object): Promise<void> {
    try {
      if (!existing) await client.create(resource, wanted);
      else if (!deepEqual(content(existing), content(wanted)) || !includes(existing.metadata.labels, wanted.metadata.labels)) {
        const metadata = { ...existing.metadata, labels: { ...existing.metadata.labels, ...wanted.metadata.labels } };
        await client.update(resource, { ...wanted, metadata });
      }
    } catch (error) {
      // The namespace or the object is going.
      if (!isForbidden(error) && !isNotFound(error)) throw error;
    }
  }
}

function selects(service: Service, pod: Pod): boolean {
  const selector = Object.entries(service.spec?.selector ?? {});
  return selector.length > 0 && selector.every(([key, value]) => pod.metadata.labels?.[key] === value);
}

const includes = (labels: Readonly<Record<string, string>> | undefined, wanted: Readonly<Record<string, string>> | undefined): boolean =>
  Object.entries(wanted ?? {}).every(([key, value]) => labels?.[key] === value);
