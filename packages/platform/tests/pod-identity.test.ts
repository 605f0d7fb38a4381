import { jobs, type PlatformPromise, type Pod, pods, promises, secrets, works } from '@plinth/api';
import { isForbidden, type ApiResource, type KubeObject, type UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { type ControlPlane, startControlPlane } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { platformAdmission, platformManifests } from '../src/index.ts';
import { promiseWorkflow } from '../src/promise/workflow-of.ts';
import { requestCrd } from '../src/promise/request-crd.ts';
import { workflowOf } from '../src/resource-request/reconciler.ts';
import type { ResourceRequest } from '../src/resource-request/request.ts';
import { buildJob } from '../src/workflow/job.ts';
import type { Workflow } from '../src/workflow/pipeline.ts';
import { buildPipelineObjects } from '../src/workflow/pipeline-objects.ts';
import { DEFAULT_CONFIG } from '../src/index.ts';
import { bucketPromise, bucketRequest, buckets, create } from './world.ts';

interface Scene extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly promise: PlatformPromise;
  /** With a token that is bound to a pod which runs the first pipeline of this workflow. */
  readonly podOf: (workflow: Workflow) => Promise<Client>;
  readonly requestWorkflow: (name: string, namespace?: string) => Promise<Workflow>;
}

/** Two namespaces with two requests each, and all that their pipelines need. */
async function startScene(permissions: readonly object[] = [], labels: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const plane: ControlPlane = await startControlPlane({ listen: true, server: { admission: [platformAdmission({ client: () => plane.client })] } });
  for (const manifest of platformManifests()) await create(plane, manifest);
  const wanted = bucketPromise();
  const pipeline = { ...wanted.spec!.workflows!.resource!.configure![0], metadata: { name: 'make' } } as UnstructuredObject & { spec: object };
  const promise = await plane.client.create(promises, {
    ...wanted,
    spec: { ...wanted.spec, workflows: { promise: { configure: [pipeline] }, resource: { configure: [{ ...pipeline, metadata: { name: 'make', labels }, spec: { ...pipeline.spec, rbac: { permissions } } }] } } },
  } as PlatformPromise);
  await create(plane, { ...bucketPromise(), metadata: { name: 'other' }, spec: {} } as KubeObject);
  await create(plane, requestCrd('bucket', promise.spec!.api!));
  await create(plane, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'elsewhere' } } as KubeObject);
  for (const namespace of ['default', 'elsewhere']) {
    for (const name of ['one', 'two']) await create(plane, bucketRequest(name, {}, namespace));
    await create(plane, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'password', namespace }, data: {} } as KubeObject);
  }
  return {
    plane,
    promise,
    requestWorkflow: async (name, namespace = 'default') => workflowOf(promise, await plane.client.get<ResourceRequest>(buckets, { namespace, name }), buckets, 'configure'),
    podOf: async (workflow) => {
      const [pipeline] = workflow.pipelines;
      for (const one of buildPipelineObjects(workflow, pipeline!, [])) await create(plane, one).catch(() => {});
      const job = await plane.client.create(jobs, buildJob(workflow, { pipeline: pipeline!, isLast: true, run: 1 }, DEFAULT_CONFIG));
      const { template } = job.spec as unknown as { readonly template: Pod };
      const { name, namespace, uid } = job.metadata;
      const owner = { apiVersion: 'batch/v1', kind: 'Job', name, uid: uid!, controller: true };
      const pod = await plane.client.create<Pod>(pods, { ...template, apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name: `${name}-x`, namespace: namespace!, ownerReferences: [owner] } });
      const account = (pod.spec as { readonly serviceAccountName: string }).serviceAccountName;
      const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: pod.metadata.name, uid: pod.metadata.uid };
      const { body } = await plane.client.request({ method: 'POST', path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } } });
      return plane.connect({ token: (body as { readonly status: { readonly token: string } }).status.token });
    },
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  };
}

const status = (client: Client, resource: ApiResource, name: string, namespace?: string): Promise<unknown> =>
  client.patch(resource, { name, ...(namespace ? { namespace } : {}) }, 'merge', { status: { message: 'mine' } }, { subresource: 'status' });
const said = (act: Promise<unknown>): Promise<string> => act.then(() => 'done', (error: unknown) => (isForbidden(error) ? (error as Error).message : `another error: ${String(error)}`));
const workOf = (name: string, labels: object, namespace = 'default', spec: object = {}): KubeObject => {
  const { 'kratix.io/promise-name': promiseName, 'kratix.io/resource-name': resourceName } = labels as Readonly<Record<string, string>>;
  return { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Work', metadata: { name, namespace, labels }, spec: { promiseName, ...(resourceName ? { resourceName } : {}), ...spec } } as KubeObject;
};
const labelsOf = (resource: string) => ({ 'kratix.io/promise-name': 'bucket', 'kratix.io/work-type': 'resource', 'kratix.io/resource-name': resource, 'kratix.io/pipeline-name': 'make' });

describe("the token of a request's pod", () => {
  it('writes the status, labels and Works of its request', async () => {
    await using scene = await startScene();
    const pod = await scene.podOf(await scene.requestWorkflow('one'));
    expect(await said(status(pod, buckets, 'one', 'default'))).toBe('done');
    expect(await said(pod.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { metadata: { labels: { 'kratix.io/workflow-suspended': 'true' } } }))).toBe('done');
    expect(await said(pod.create(works, workOf('w1', labelsOf('one'))))).toBe('done');
    expect(await said(pod.patch(works, { namespace: 'default', name: 'w1' }, 'merge', { spec: { promiseName: 'bucket' } }))).toBe('done');
    expect(await said(pod.delete(works, { namespace: 'default', name: 'w1' }))).not.toContain('it writes the Works of that object only');
  });

  it('is refused everything of another request, of another namespace and of Promises', async () => {
    await using scene = await startScene();
    const pod = await scene.podOf(await scene.requestWorkflow('one'));
    expect(await said(status(pod, buckets, 'two', 'default'))).toMatch(/^buckets\.example\.com "two" is forbidden: the pod default\/kratix-bucket-one-make-[0-9a-f]{5}-x runs the pipeline "make" of bucket "default\/one": it writes that object only$/);
    expect(await said(status(pod, buckets, 'one', 'elsewhere'))).toContain('forbidden');
    expect(await said(status(pod, promises, 'bucket'))).toContain('forbidden');
    expect(await said(pod.get(secrets, { namespace: 'elsewhere', name: 'password' }))).toContain('forbidden');
    expect(await said(pod.get(secrets, { namespace: 'default', name: 'password' }))).toContain('forbidden');
    expect(await said(pod.create(works, workOf('w2', labelsOf('two'))))).toContain('it writes the Works of that object only');
    expect(await said(pod.create(works, workOf('w2', { ...labelsOf('one'), 'kratix.io/promise-name': 'other' })))).toContain('it writes the Works of that object only');
    // Where files go is decided by the spec.
    expect(await said(pod.create(works, workOf('w2', labelsOf('one'), 'default', { resourceName: 'two' })))).toContain('it writes the Works of that object only');
    expect(await said(pod.create(works, workOf('w2', labelsOf('one'), 'default', { promiseName: 'other' })))).toContain('it writes the Works of that object only');
    await scene.plane.client.create(works, workOf('w2', labelsOf('two')));
    expect(await said(pod.patch(works, { namespace: 'default', name: 'w2' }, 'merge', { metadata: { labels: labelsOf('one') } }))).toContain('it writes the Works of that object only');
    expect(await said(pod.delete(works, { namespace: 'default', name: 'w2' }))).toContain('forbidden');
  });

  it('has no more rights when the pod or its Job is gone, and the one who runs it does not know', async () => {
    await using scene = await startScene();
    const workflow = await scene.requestWorkflow('one');
    await scene.podOf(workflow);
    const { items } = await scene.plane.client.list<Pod>(pods, { namespace: 'default' });
    const { name, uid } = items[0]!.metadata;
    // Steps of the embedded cluster act without a token, which would end with the pod.
    const step = scene.plane.clientFor({
      name: 'system:serviceaccount:default:bucket-resource-configure-make',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/pod-name': [name], 'authentication.kubernetes.io/pod-uid': [uid!] },
    });
    expect(await said(status(step, buckets, 'one', 'default'))).toBe('done');
    await scene.plane.client.delete(jobs, { namespace: 'default', name: items[0]!.metadata.ownerReferences![0]!.name }, { propagationPolicy: 'Background' });
    expect(await said(status(step, buckets, 'two', 'default'))).toContain(`the pod default/${name}, or the Job that it ran for, is gone`);
    await scene.plane.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 0 });
    expect(await said(status(step, buckets, 'two', 'default'))).toContain(`the pod default/${name}, or the Job that it ran for, is gone`);
  });

  it('is refused to change what was asked for, to keep it, and to ask for more', async () => {
    await using scene = await startScene();
    const pod = await scene.podOf(await scene.requestWorkflow('one'));
    const own = { namespace: 'default', name: 'one' };
    const why = 'of that object it writes the status, labels and annotations only';
    expect(await said(pod.patch(buckets, own, 'merge', { spec: { size: '9Ti' } }))).toContain(why);
    expect(await said(pod.patch(buckets, own, 'merge', { metadata: { finalizers: ['example.com/mine'] } }))).toContain(why);
    expect(await said(pod.create(buckets, bucketRequest('three')))).toContain('forbidden');
  });

  it('is refused to begin its own workflow again, which would never end', async () => {
    await using scene = await startScene();
    const pod = await scene.podOf(await scene.requestWorkflow('one'));
    const own = { namespace: 'default', name: 'one' };
    const label = { metadata: { labels: { 'kratix.io/manual-reconciliation': 'true' } } };
    expect(await said(pod.patch(buckets, own, 'merge', label))).toContain('with the label kratix.io/manual-reconciliation its own workflow would begin again and again; to be run once more, it writes retryAfter into /kratix/metadata/workflow-control.yaml');
    await scene.plane.client.patch(buckets, own, 'merge', label);
    expect(await said(pod.patch(buckets, own, 'merge', { metadata: { annotations: { note: 'while somebody else asks for another run' } } }))).toBe('done');
  });

  it("is no other run's by labels that its pipeline brings along", async () => {
    await using scene = await startScene([], { 'app.kubernetes.io/managed-by': 'Helm', 'kratix.io/promise-name': 'other' });
    const pod = await scene.podOf(await scene.requestWorkflow('one'));
    expect(await said(status(pod, buckets, 'one', 'default'))).toBe('done');
    expect(await said(status(pod, buckets, 'two', 'default'))).toContain('it writes that object only');
    expect(await said(pod.create(works, workOf('w2', { ...labelsOf('one'), 'kratix.io/promise-name': 'other' })))).toContain('it writes the Works of that object only');
  });

  it('does what its pipeline declares', async () => {
    await using scene = await startScene([{ apiGroups: ['example.com'], resources: ['buckets'], verbs: ['create'] }, { apiGroups: [''], resources: ['secrets'], resourceNames: ['password'], verbs: ['get'] }]);
    const pod = await scene.podOf(await scene.requestWorkflow('one'));
    expect(await said(pod.create(buckets, bucketRequest('three')))).toBe('done');
    expect(await said(pod.get(secrets, { namespace: 'default', name: 'password' }))).toBe('done');
    expect(await said(pod.get(secrets, { namespace: 'elsewhere', name: 'password' }))).toContain('forbidden');
    expect(await said(status(pod, buckets, 'two', 'default'))).toContain('it writes that object only');
  });
});

describe("the token of a Promise's pod", () => {
  it("writes its Promise's status and Works, and nothing of another one", async () => {
    await using scene = await startScene();
    const pod = await scene.podOf(promiseWorkflow(scene.promise, 'configure'));
    expect(await said(status(pod, promises, 'bucket'))).toBe('done');
    expect(await said(status(pod, promises, 'other'))).toContain('of Promise "bucket": it writes that object only');
    expect(await said(pod.patch(promises, { name: 'bucket' }, 'merge', { spec: { dependencies: [] } }))).toContain('of that object it writes the status, labels and annotations only');
    const namespace = 'kratix-platform-system';
    const labels = { 'kratix.io/promise-name': 'bucket', 'kratix.io/work-type': 'promise' };
    expect(await said(pod.create(works, workOf('w', labels, namespace)))).toBe('done');
    expect(await said(pod.create(works, workOf('x', { ...labels, 'kratix.io/promise-name': 'other' }, namespace)))).toContain('it writes the Works of that object only');
  });

  it('ends with its pod', async () => {
    await using scene = await startScene();
    const pod = await scene.podOf(promiseWorkflow(scene.promise, 'configure'));
    const { items } = await scene.plane.client.list<Pod>(pods, { namespace: 'kratix-platform-system' });
    await scene.plane.client.delete(pods, { namespace: 'kratix-platform-system', name: items[0]!.metadata.name }, { gracePeriodSeconds: 0 });
    await expect(status(pod, promises, 'bucket')).rejects.toThrow('Unauthorized');
  });
});

