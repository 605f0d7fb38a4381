import { configMaps, deployments, jobs, namespaces, pods, secrets } from '@plinth/api';
import type { KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import { startControlPlane, type ControlPlane } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane[Symbol.asyncDispose]());

const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}): UnstructuredObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', ...metadata }, data });
const pod = (name: string, spec: object = {}): UnstructuredObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec } });
const deployment = (name: string, image = 'nginx:1'): UnstructuredObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image }] } } },
});
const key = (name: string) => ({ namespace: 'default', name });
const message = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'ok', (error: Error) => error.message);
const request = async (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, query: Record<string, string> = {}, contentType = 'application/json') => {
  const response = await plane.client.request({ method, path, query, headers: { 'content-type': contentType }, ...(body === undefined ? {} : { body }) });
  return response as { readonly status: number; readonly body: UnstructuredObject & { readonly message?: string } };
};
const maps = '/api/v1/namespaces/default/configmaps';

describe('create', () => {
  test('gives an object its uid, time, version and managed fields', async () => {
    const made = await plane.client.create(configMaps, configMap('made', { a: '1' }) as KubeObject, { fieldManager: 'tester' });
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Number(made.metadata.resourceVersion)).toBeGreaterThan(0);
    expect(made.metadata.managedFields).toMatchObject([{ manager: 'tester', operation: 'Update', apiVersion: 'v1', fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } } }]);
  });

  test('makes names from generateName, each another', async () => {
    const make = () => plane.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-', namespace: 'default' } } as unknown as KubeObject);
    const names = (await Promise.all([make(), make(), make()])).map(({ metadata }) => metadata.name);
    expect(new Set(names).size).toBe(3);
    expect(names.every((name) => /^gen-[a-z0-9]{5}$/.test(name))).toBe(true);
  });

  test('refuses a name that is taken, a bad name, and a namespace that is missing or ending', async () => {
    await plane.client.create(configMaps, configMap('taken') as KubeObject);
    expect(await message(plane.client.create(configMaps, configMap('taken') as KubeObject))).toBe('configmaps "taken" already exists');
    expect(await message(plane.client.create(configMaps, configMap('Bad_Name') as KubeObject))).toContain('ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain');
    expect(await message(plane.client.create(configMaps, configMap('x', {}, { namespace: 'nowhere' }) as KubeObject))).toBe('namespaces "nowhere" not found');
    await plane.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ending' } });
    await plane.client.delete(namespaces, { name: 'ending' });
    expect(await message(plane.client.create(configMaps, configMap('x', {}, { namespace: 'ending' }) as KubeObject))).toBe(
      'configmaps "x" is forbidden: unable to create new content in namespace ending because it is being terminated',
    );
  });

  test('refuses another kind and another version in the body', async () => {
    expect((await request('POST', maps, { ...configMap('k'), kind: 'Secret' })).body.message).toContain('the object provided is unrecognized (must be of type ConfigMap)');
    expect((await request('POST', maps, { ...configMap('k'), apiVersion: 'v2' })).body.message).toBe('the API version in the data (v2) does not match the expected API version (v1)');
  });

  test('a dry run goes through everything and stores nothing', async () => {
    const { status, body } = await request('POST', maps, configMap('dry'), { dryRun: 'All' });
    expect([status, body.metadata.uid?.length]).toEqual([201, 36]);
    expect(await plane.client.find(configMaps, key('dry'))).toBeUndefined();
  });

  test('tells of unknown fields as fieldValidation asks', async () => {
    const body = { ...configMap('unknown'), dat: { a: 'b' } };
    expect(await request('POST', maps, body, { fieldValidation: 'Strict' })).toMatchObject({
      status: 400,
      body: { message: 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dat"' },
    });
    const made = await request('POST', maps, body, { fieldValidation: 'Ignore' });
    expect([made.status, 'dat' in made.body]).toEqual([201, false]);
  });

  test('turns stringData into data', async () => {
    const made = (await plane.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: key('strings'), stringData: { a: 'hello' } } as unknown as KubeObject)) as UnstructuredObject;
    expect(made).toMatchObject({ type: 'Opaque', data: { a: 'aGVsbG8=' } });
    expect('stringData' in made).toBe(false);
  });
});

describe('update', () => {
  test('conflicts when the version is old, in the words that clients look for', async () => {
    const first = await plane.client.create(configMaps, configMap('race', { a: '1' }) as KubeObject);
    await plane.client.update(configMaps, { ...first, data: { a: '2' } } as KubeObject);
    expect(await message(plane.client.update(configMaps, { ...first, data: { a: '3' } } as KubeObject))).toBe(
      'Operation cannot be fulfilled on configmaps "race": the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  test('writes nothing when nothing changes', async () => {
    const made = await plane.client.create(configMaps, configMap('same', { a: '1' }) as KubeObject);
    const before = plane.store.revision;
    const again = await plane.client.update(configMaps, made);
    await plane.client.patch(configMaps, key('same'), 'merge', { data: { a: '1' } });
    expect([again.metadata.resourceVersion, plane.store.revision]).toEqual([made.metadata.resourceVersion, before]);
  });

  test('counts the generation when the spec changes, and not for labels or status', async () => {
    await plane.client.create(deployments, deployment('gen') as KubeObject);
    const labelled = await plane.client.patch(deployments, key('gen'), 'merge', { metadata: { labels: { a: 'b' } } });
    const reported = await plane.client.updateStatus(deployments, { ...labelled, status: { replicas: 7 }, spec: {} } as UnstructuredObject);
    expect([labelled.metadata.generation, reported.metadata.generation]).toEqual([1, 1]);
    expect(reported).toMatchObject({ status: { replicas: 7 }, spec: { replicas: 1 } });
    const scaled = await plane.client.patch(deployments, key('gen'), 'strategic', { spec: { replicas: 3 }, status: { replicas: 0 } });
    expect(scaled).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 3 }, status: { replicas: 7 } });
  });

  test('keeps what may not change, and says so', async () => {
    const made = await plane.client.create(deployments, deployment('fixed') as KubeObject);
    expect(await message(plane.client.patch(deployments, key('fixed'), 'merge', { spec: { selector: { matchLabels: { app: 'other' } }, template: { metadata: { labels: { app: 'other' } } } } }))).toContain('spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable');
    expect(await message(plane.client.update(deployments, { ...made, metadata: { ...made.metadata, uid: 'x' } }))).toContain('Precondition failed: UID in precondition: x');
    const changed = await plane.client.patch(deployments, key('fixed'), 'merge', { metadata: { creationTimestamp: '2001-01-01T00:00:00Z', generation: 99 } });
    expect(changed.metadata).toMatchObject({ generation: 1, creationTimestamp: made.metadata.creationTimestamp });
  });

  test('many patches of one object at once all arrive', async () => {
    await plane.client.create(configMaps, configMap('busy') as KubeObject);
    await Promise.all(Array.from({ length: 300 }, (_, index) => plane.client.patch(configMaps, key('busy'), 'merge', { data: { [`k${index}`]: 'v' } })));
    const { data } = (await plane.client.get(configMaps, key('busy'))) as unknown as { data: object };
    expect(Object.keys(data).length).toBe(300);
  });
});

describe('patch', () => {
  test('knows the four types and refuses others', async () => {
    await plane.client.create(deployments, deployment('patched') as KubeObject);
    const path = '/apis/apps/v1/namespaces/default/deployments/patched';
    const strategic = await plane.client.patch(deployments, key('patched'), 'strategic', { spec: { template: { spec: { containers: [{ name: 'c', env: [{ name: 'A', value: '1' }] }] } } } });
    expect(strategic).toMatchObject({ spec: { template: { spec: { containers: [{ name: 'c', image: 'nginx:1', env: [{ name: 'A', value: '1' }] }] } } } });
    const json = await plane.client.patch(deployments, key('patched'), 'json', [{ op: 'replace', path: '/spec/replicas', value: 4 }]);
    expect(json).toMatchObject({ spec: { replicas: 4 } });
    expect(await request('PATCH', path, [{ op: 'test', path: '/spec/replicas', value: 5 }], {}, 'application/json-patch+json')).toMatchObject({ status: 422 });
    expect(await request('PATCH', path, {}, {}, 'application/json')).toMatchObject({ status: 415, body: { reason: 'UnsupportedMediaType' } });
  });

  test('apply creates, owns, conflicts, forces and lets go', async () => {
    const apply = (manager: string, data: Record<string, string>, force = false) => plane.client.patch(configMaps, key('applied'), 'apply', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data }, { fieldManager: manager, force });
    expect(await apply('one', { a: '1', b: '1' })).toMatchObject({ data: { a: '1', b: '1' } });
    const before = plane.store.revision;
    await apply('one', { a: '1', b: '1' });
    expect(plane.store.revision).toBe(before);
    expect(await message(apply('two', { a: '2' }))).toBe('Apply failed with 1 conflict: conflict with "one": .data.a');
    expect(await apply('two', { a: '2' }, true)).toMatchObject({ data: { a: '2', b: '1' } });
    expect((await apply('one', {}) as UnstructuredObject)['data']).toEqual({ a: '2' });
  });

  test('apply needs a field manager', async () => {
    const reply = await request('PATCH', `${maps}/nobody`, configMap('nobody'), {}, 'application/apply-patch+yaml');
    expect(reply).toMatchObject({ status: 422, body: { message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch' } });
  });
});

describe('delete', () => {
  test('waits for finalizers, and the object goes with the last of them', async () => {
    await plane.client.create(configMaps, configMap('kept', {}, { finalizers: ['example.com/a', 'example.com/b'] }) as KubeObject);
    await plane.client.delete(configMaps, key('kept'));
    const marked = await plane.client.get(configMaps, key('kept'));
    expect(marked.metadata.deletionTimestamp).toBeDefined();
    expect(await message(plane.client.patch(configMaps, key('kept'), 'merge', { metadata: { finalizers: ['example.com/a', 'example.com/b', 'example.com/c'] } }))).toContain('no new finalizers can be added if the object is being deleted');
    await plane.client.patch(configMaps, key('kept'), 'merge', { metadata: { finalizers: ['example.com/b'] } });
    expect(await plane.client.find(configMaps, key('kept'))).toBeDefined();
    await plane.client.patch(configMaps, key('kept'), 'merge', { metadata: { finalizers: null } });
    expect(await plane.client.find(configMaps, key('kept'))).toBeUndefined();
  });

  test('marks for the garbage collector in the foreground and when orphaning', async () => {
    for (const [policy, finalizer] of [['Foreground', 'foregroundDeletion'], ['Orphan', 'orphan']] as const) {
      await plane.client.create(configMaps, configMap(`policy-${policy.toLowerCase()}`) as KubeObject);
      await plane.client.delete(configMaps, key(`policy-${policy.toLowerCase()}`), { propagationPolicy: policy });
      const marked = await plane.client.get(configMaps, key(`policy-${policy.toLowerCase()}`));
      expect(marked.metadata).toMatchObject({ finalizers: [finalizer], deletionTimestamp: expect.any(String) as string });
    }
  });

  test('holds preconditions', async () => {
    await plane.client.create(configMaps, configMap('precious') as KubeObject);
    expect(await message(plane.client.delete(configMaps, key('precious'), { preconditions: { uid: 'other' } }))).toContain('Precondition failed: UID in precondition: other, UID in object meta: ');
    expect(await plane.client.find(configMaps, key('precious'))).toBeDefined();
  });

  test('gives a pod on a node its grace, and takes it with the node\'s last word', async () => {
    await plane.client.create(pods, pod('graceful', { nodeName: 'n1', terminationGracePeriodSeconds: 7 }) as KubeObject);
    await plane.client.delete(pods, key('graceful'));
    const ending = await plane.client.get(pods, key('graceful'));
    expect(ending.metadata.deletionGracePeriodSeconds).toBe(7);
    await plane.client.delete(pods, key('graceful'), { gracePeriodSeconds: 0 });
    expect(await plane.client.find(pods, key('graceful'))).toBeUndefined();
    await plane.client.create(pods, pod('unplaced') as KubeObject);
    await plane.client.delete(pods, key('unplaced'));
    expect(await plane.client.find(pods, key('unplaced'))).toBeUndefined();
  });

  test('keeps a namespace until its controller has finalized it', async () => {
    const made = await plane.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'two-steps' } } as KubeObject);
    expect(made).toMatchObject({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' }, metadata: { labels: { 'kubernetes.io/metadata.name': 'two-steps' } } });
    await plane.client.delete(namespaces, { name: 'two-steps' });
    const ending = await plane.client.get(namespaces, { name: 'two-steps' });
    expect(ending).toMatchObject({ status: { phase: 'Terminating' } });
    await request('PUT', '/api/v1/namespaces/two-steps/finalize', { ...ending, spec: { finalizers: [] } });
    expect(await plane.client.find(namespaces, { name: 'two-steps' })).toBeUndefined();
    expect(await message(plane.client.delete(namespaces, { name: 'default' }))).toBe('namespaces "default" is forbidden: this namespace may not be deleted');
  });

  test('deletes a collection by selector and leaves the rest', async () => {
    for (const [name, color] of [['red-1', 'red'], ['red-2', 'red'], ['blue-1', 'blue']] as const) await plane.client.create(configMaps, configMap(name, {}, { labels: { color } }) as KubeObject);
    await plane.client.deleteCollection(configMaps, { namespace: 'default', labelSelector: 'color=red' });
    const left = await plane.client.list(configMaps, { namespace: 'default', labelSelector: 'color' });
    expect(left.items.map(({ metadata }) => metadata.name)).toEqual(['blue-1']);
  });
});

describe('built-in kinds', () => {
  test('a pod gets the defaults that its printing and its node rely on', async () => {
    const made = await plane.client.create(pods, pod('defaults') as KubeObject);
    expect(made).toMatchObject({
      spec: {
        restartPolicy: 'Always',
        serviceAccountName: 'default',
        terminationGracePeriodSeconds: 30,
        containers: [{ imagePullPolicy: 'Always', volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] }],
      },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
  });

  test('a pod\'s spec stays as it is', async () => {
    await plane.client.create(pods, pod('stays') as KubeObject);
    expect(await message(plane.client.patch(pods, key('stays'), 'merge', { spec: { restartPolicy: 'Never' } }))).toContain('Pod "stays" is invalid: spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`');
    expect(await plane.client.patch(pods, key('stays'), 'strategic', { spec: { containers: [{ name: 'c', image: 'nginx:2' }] } })).toMatchObject({ spec: { containers: [{ image: 'nginx:2' }] } });
  });

  test('a Job selects its pods by its own uid, and its template is fixed', async () => {
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: key('work'), spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } } };
    const made = (await plane.client.create(jobs, job as unknown as KubeObject)) as UnstructuredObject;
    expect(made).toMatchObject({
      spec: { selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': made.metadata.uid } }, template: { metadata: { labels: { 'job-name': 'work' } } }, backoffLimit: 6, completions: 1 },
    });
    expect(await message(plane.client.patch(jobs, key('work'), 'merge', { spec: { template: { spec: { restartPolicy: 'OnFailure' } } } }))).toContain('spec.template: Invalid value: {}: field is immutable');
    const always = { ...job, metadata: key('always'), spec: { template: { spec: { containers: [{ name: 'c', image: 'x' }] } } } };
    expect(await message(plane.client.create(jobs, always as unknown as KubeObject))).toBe('Job.batch "always" is invalid: spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"');
  });

  test('a Deployment must select the pods that it makes', async () => {
    const wrong = { ...deployment('wrong'), spec: { selector: { matchLabels: { app: 'a' } }, template: { metadata: { labels: { app: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } } } };
    expect(await message(plane.client.create(deployments, wrong as KubeObject))).toBe('Deployment.apps "wrong" is invalid: spec.template.metadata.labels: Invalid value: {"app":"b"}: `selector` does not match template `labels`');
  });
});
