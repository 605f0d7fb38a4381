import { type Destination, works, workPlacements, type Work, type WorkPlacement } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { encodeWorkload } from '@plinth/state-store';
import { type ControlPlane, eventually } from '@plinth/testing';
import { condition, create } from './world.ts';

const platform = 'platform.kratix.io/v1alpha1';

export const secret = (name: string, values: Readonly<Record<string, string>>): KubeObject =>
  ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, stringData: values }) as unknown as KubeObject;

export const gitStore = (name: string, spec: object): KubeObject => ({ apiVersion: platform, kind: 'GitStateStore', metadata: { name }, spec }) as unknown as KubeObject;

export const bucketStore = (name: string, spec: object): KubeObject => ({ apiVersion: platform, kind: 'BucketStateStore', metadata: { name }, spec }) as unknown as KubeObject;

/** A Destination that takes Works which select `to: NAME`. */
export const destination = (name: string, store: { readonly kind: string; readonly name: string }, spec: object = {}): KubeObject =>
  ({ apiVersion: platform, kind: 'Destination', metadata: { name, labels: { to: name } }, spec: { path: name, stateStoreRef: store, ...spec } }) as unknown as KubeObject;

/** What a workflow of the request `name` made, for the Destination `to`. */
export const work = (name: string, to: string, files: Readonly<Record<string, string>>): Work =>
  ({
    apiVersion: platform,
    kind: 'Work',
    metadata: { name, namespace: 'default', labels: { 'kratix.io/pipeline-name': 'configure' } },
    spec: {
      promiseName: 'p',
      resourceName: name,
      workloadGroups: [
        {
          id: '5058f1af8388633f609cadb75a75dc9d',
          directory: '.',
          destinationSelectors: [{ matchLabels: { to }, source: 'promise' }],
          workloads: Object.entries(files).map(([path, text]) => encodeWorkload(path, text)),
        },
      ],
    },
  }) as unknown as Work;

export const createWork = (plane: ControlPlane, ...args: Parameters<typeof work>): Promise<void> => create(plane, work(...args) as unknown as KubeObject);

export async function placementOf(plane: ControlPlane, workName: string): Promise<WorkPlacement> {
  const { items } = await plane.client.list<WorkPlacement>(workPlacements, { namespace: 'default', labelSelector: `kratix.io/work=${workName}` });
  if (items.length !== 1) throw new Error(`${items.length} placements of ${workName}`);
  return items[0]!;
}

/** Waits until the placement of a Work has been written, or has not. */
export const written = (plane: ControlPlane, workName: string, status: 'True' | 'False' = 'True', message: string | RegExp = ''): Promise<WorkPlacement> =>
  eventually(
    async () => {
      const placement = await placementOf(plane, workName);
      const { status: now, message: text, observedGeneration } = condition(placement, 'WriteSucceeded') ?? {};
      if (now !== status || observedGeneration !== placement.metadata.generation || !new RegExp(message).test(String(text))) throw new Error(`WriteSucceeded of ${workName} is ${String(now)}: ${String(text)}`);
      return placement;
    },
    { timeoutMs: 15_000 },
  );

/** Waits for a condition of an object of the whole cluster. */
export const ready = (plane: ControlPlane, resource: Parameters<ControlPlane['client']['get']>[0], name: string, wanted: { readonly status: string; readonly reason?: string; readonly message?: RegExp }): Promise<Destination> =>
  eventually(
    async () => {
      const object = await plane.client.get<Destination>(resource, { name });
      const { status, reason, message } = condition(object, 'Ready') ?? {};
      if (status !== wanted.status || (wanted.reason && reason !== wanted.reason) || (wanted.message && !wanted.message.test(String(message)))) throw new Error(`${name} is ${String(status)} ${String(reason)}: ${String(message)}`);
      return object;
    },
    { timeoutMs: 15_000 },
  );

export const deleteWork = (plane: ControlPlane, name: string): Promise<unknown> => plane.client.delete(works, { namespace: 'default', name });

export const gone = (plane: ControlPlane, workName: string): Promise<true> =>
  eventually(async () => (await plane.client.list(workPlacements, { namespace: 'default', labelSelector: `kratix.io/work=${workName}` })).items.length === 0 || false, { timeoutMs: 15_000 }) as Promise<true>;
