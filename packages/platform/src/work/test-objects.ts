import type { Destination, Work, WorkPlacement } from '@plinth/api';

/** Objects for the tests of this folder. */
const PLATFORM = 'platform.kratix.io/v1alpha1';

export const destination = (name: string, labels: Record<string, string> = {}, spec: object = {}, metadata: object = {}): Destination =>
  ({ apiVersion: PLATFORM, kind: 'Destination', metadata: { name, labels, ...metadata }, spec: { path: name, ...spec } }) as Destination;

export const work = (resourceName = 'one', matchLabels: Record<string, string> = { environment: 'dev' }, metadata: object = {}): Work =>
  ({
    apiVersion: PLATFORM,
    kind: 'Work',
    metadata: { name: 'w', namespace: 'default', uid: 'u', generation: 2, finalizers: ['kratix.io/work-cleanup'], ...metadata },
    spec: { promiseName: 'bucket', resourceName, workloadGroups: [{ id: '5058f1', directory: '.', destinationSelectors: [{ matchLabels, source: 'promise' }], workloads: [] }] },
  }) as Work;

export const placement = (to: string, change: object = {}): WorkPlacement =>
  ({
    apiVersion: PLATFORM,
    kind: 'WorkPlacement',
    metadata: { name: `w.${to}-5058f`, namespace: 'default', generation: 3, labels: { 'kratix.io/work': 'w' } },
    spec: { targetDestinationName: to, id: '5058f1', generation: 2 },
    ...change,
  }) as WorkPlacement;

export const writeSucceeded = (status: 'True' | 'False', observedGeneration = 3, message = ''): object => ({ status: { conditions: [{ type: 'WriteSucceeded', status, observedGeneration, message }] } });
