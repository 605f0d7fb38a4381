import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bucketStateStores, configMaps, destinations, healthRecords, type Kind, promiseReleases, promiseRevisions, promises } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { type ControlPlane, runKubectl, startControlPlane } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { platformAdmission, platformManifests } from '../src/index.ts';
import { create } from './world.ts';

const PLATFORM = 'platform.kratix.io/v1alpha1';
let plane: ControlPlane;
let releases: Disposable & { readonly url: string };

beforeAll(async () => {
  plane = await startControlPlane({ listen: true, server: { admission: [platformAdmission({ client: () => plane.client })] } });
  for (const manifest of platformManifests()) await create(plane, manifest);
  releases = await servePromises();
  await create(plane, object('GitStateStore', 'default', { url: 'https://git.test/repo' }));
  await create(plane, object('Destination', 'first', { path: 'worker/', stateStoreRef: { kind: 'GitStateStore', name: 'default' } }));
  await create(plane, promise('taken', { plural: 'cups', kind: 'Cup' }));
  const cups = crd({ plural: 'cups', kind: 'Cup' }) as KubeObject;
  await create(plane, { ...cups, metadata: { ...cups.metadata, labels: { 'kratix.io/promise-name': 'taken' } } });
  await plane.client.create(promiseRevisions, { apiVersion: PLATFORM, kind: 'PromiseRevision', metadata: { name: 'taken-1' }, spec: { promiseRef: { name: 'taken' }, promiseSpec: {}, version: 'v1' } } as KubeObject);
  await plane.client.patch(promiseRevisions, { name: 'taken-1' }, 'merge', { status: { latest: true } }, { subresource: 'status' });
});
afterAll(async () => {
  releases[Symbol.dispose]();
  await plane[Symbol.asyncDispose]();
});

const object = (kind: string, name: string, spec: object, metadata: object = {}): KubeObject => ({ apiVersion: PLATFORM, kind, metadata: { name, ...metadata }, spec }) as KubeObject;

interface Api {
  readonly plural?: string;
  readonly kind?: string;
  readonly schema?: object;
  readonly scope?: string;
  readonly version?: object;
}
const crd = ({ plural = 'mugs', kind = 'Mug', schema = { type: 'object', properties: { spec: { type: 'object' } } }, scope = 'Namespaced', version = {} }: Api = {}): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.test.example` },
  spec: { group: 'test.example', scope, names: { plural, kind }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }] },
});

const promise = (name: string, api: Api | undefined, spec: object = {}, metadata: object = {}): KubeObject => object('Promise', name, { ...(api ? { api: crd(api) } : {}), ...spec }, metadata);

const pipeline = (name: string, container: object = {}, more: object = {}): object => ({ apiVersion: PLATFORM, kind: 'Pipeline', metadata: { name }, spec: { containers: [{ name: 'make', image: 'test/make', ...container }], ...more } });
const configure = (...pipelines: object[]): object => ({ workflows: { resource: { configure: pipelines } } });

const refusal = async (write: () => Promise<unknown>): Promise<string> => {
  try {
    await write();
    return 'let in';
  } catch (error) {
    return (error as Error).message;
  }
};
const created = (one: KubeObject, kind: Kind): Promise<string> => refusal(() => plane.client.create(kind, one));

describe('what is refused of Promises', () => {
  it.each<[what: string, one: KubeObject, message: RegExp]>([
    ['an API that is no CRD', promise('x', undefined, { api: { kind: 'ConfigMap', apiVersion: 'v1' } }), /spec\.api\.kind: Unsupported value: "ConfigMap": supported values: "CustomResourceDefinition"$/],
    ['a CRD that the API server refuses', promise('x', { version: { additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: '.a' }] } }), /spec\.api: invalid CRD: .*additionalPrinterColumns\[0\]\.type: Invalid value: "text"/],
    ['a kind that another CRD has', promise('x', { plural: 'glasses', kind: 'Cup' }), /spec\.api: invalid CRD: SingularConflict: "cup" is already in use$/],
    ['the CRD of another Promise', promise('x', { plural: 'cups', kind: 'Cup' }), /spec\.api: invalid CRD: cups\.test\.example exists already and belongs to the Promise "taken"$/],
    ['a kind for the whole cluster', promise('x', { scope: 'Cluster' }), /spec\.api\.spec\.scope: Unsupported value: "Cluster": supported values: "Namespaced"$/],
    ['no versions', promise('x', undefined, { api: { ...crd(), spec: { group: 'test.example', scope: 'Namespaced', names: { plural: 'mugs', kind: 'Mug' }, versions: [] } } }), /spec\.api\.spec\.versions: Required value: a kind needs a version$/],
    ['a schema without properties that is not structural', promise('x', { schema: { 'x-kubernetes-preserve-unknown-fields': true } }), /openAPIV3Schema\.type: Required value/],
    ['a pipeline of another kind', promise('x', undefined, configure({ ...pipeline('p'), kind: 'Job' })), /configure\[0\]\.kind: Unsupported value: "Job": supported values: "Pipeline"$/],
    ['a pipeline of another apiVersion', promise('x', undefined, configure({ ...pipeline('p'), apiVersion: 'v1' })), /configure\[0\]\.apiVersion: Unsupported value: "v1"/],
    ['a pipeline with an unknown field', promise('x', undefined, configure(pipeline('p', { workingDir: '/' }))), /containers\[0\]\.workingDir: Invalid value: unknown field$/],
    ['two pipelines of one name', promise('x', undefined, configure(pipeline('p'), pipeline('p'))), /configure\[1\]\.metadata\.name: Duplicate value: "p"$/],
    ['a bad label of a pipeline', promise('x', undefined, configure({ ...pipeline('p'), metadata: { name: 'p', labels: { 'a b': 'c d' } } })), /metadata\.labels\[a b\]: Invalid value: "a b".*metadata\.labels\[a b\]: Invalid value: "c d"/],
    ['a name too long for its roles', promise('x', undefined, configure(pipeline('p'.repeat(50)))), /it must be no more than 60$/],
    ['a pipeline whose Job the API server refuses', promise('x', undefined, configure(pipeline('p', { volumeMounts: [{ name: 'nowhere', mountPath: '/x' }] }))), /spec\.workflows\.resource\.configure\[0\]: invalid pipeline x-resource-configure-p: .*volumeMounts.*nowhere/],
    ['pipelines in a namespace that is not there', promise('x', undefined, { workflows: { config: { pipelineNamespace: 'nowhere' }, promise: { configure: [pipeline('p')] } } }), /spec\.workflows\.promise\.configure\[0\]: invalid pipeline x-promise-configure-p: the namespace "nowhere" of its Jobs does not exist$/],
    ['a short interval', promise('x', undefined, { workflows: { config: { reconciliationInterval: '30s' } } }), /reconciliationInterval: Invalid value: "30s": must be at least 1m$/],
    ['an annotation that is no interval', promise('x', undefined, {}, { annotations: { 'kratix.io/reconciliation-interval': '1d' } }), /metadata\.annotations\[kratix\.io\/reconciliation-interval\]: Invalid value: "1d": must be a duration/],
    ['a name too long for a label', promise('x'.repeat(64), undefined), /metadata\.name: .*must be no more than 63/],
  ])('%s', async (_what, one, message) => {
    const said = await created(one, promises);
    expect(said).not.toBe('let in');
    expect(said).toMatch(message);
  });

  it.each<[what: string, change: object, message: string]>([
    ['the API', { api: null }, 'spec.api: Forbidden: the API of a Promise cannot be removed'],
    ['the kind', { api: { spec: { names: { kind: 'Bowl' } } } }, 'field is immutable'],
    ['the CRD name', { api: { metadata: { name: 'bowls.test.example' }, spec: { names: { plural: 'bowls' } } } }, 'field is immutable'],
    ['short names', { api: { spec: { names: { shortNames: ['c'] } } } }, 'field is immutable'],
    ['columns into some that the API server refuses', { api: { spec: { versions: [{ name: 'v1', served: true, storage: true, additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: '.a' }], schema: { openAPIV3Schema: { type: 'object' } } }] } } }, 'spec.api: invalid CRD changes: '],
    ['a version into one that the API server refuses', { api: { spec: { versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { a: {} } } } }] } } }, 'must not be empty'],
  ])('a change of %s', async (_what, spec, message) => {
    expect(await refusal(() => plane.client.patch(promises, { name: 'taken' }, 'merge', { spec }))).toContain(message);
  });

  it.each<[what: string, one: KubeObject]>([
    ['an API that is null', promise('bare', undefined, { api: null })],
    ['an API that is empty', promise('bare', undefined, { api: {} })],
    ['pipelines with what programs add to metadata', promise('bare', undefined, configure({ ...pipeline('p'), metadata: { name: 'p', namespace: 'any', creationTimestamp: null, uid: 'u' } }))],
    ['nulls for what is absent', promise('bare', undefined, configure(pipeline('p', { command: null, env: null }, { volumes: null, rbac: null })))],
  ])('not %s', async (_what, one) => {
    expect(await refusal(() => plane.client.create(promises, one, { dryRun: true }))).toBe('let in');
  });

  it('nothing of a write that changes labels only, whatever stands in the Promise', async () => {
    expect(await refusal(() => plane.client.patch(promises, { name: 'taken' }, 'merge', { metadata: { labels: { a: 'b' } } }))).toBe('let in');
  });
});

describe('what is refused of other kinds', () => {
  it.each<[what: string, kind: Kind, one: () => KubeObject, message: RegExp | string]>([
    ['a Destination without a path', destinations, () => object('Destination', 'x', { path: '', stateStoreRef: { kind: 'GitStateStore', name: 'default' } }), /spec\.path: Required value$/],
    ['a Destination without a store', destinations, () => object('Destination', 'x', { path: 'x' }), /spec\.stateStoreRef: Required value$/],
    ['a Destination with the path of another', destinations, () => object('Destination', 'x', { path: './worker', stateStoreRef: { kind: 'GitStateStore', name: 'default' } }), 'spec.path: Duplicate value: "./worker": the Destination "first" has this path on the same state store'],
    ['a bucket with a key and no Secret', bucketStateStores, () => object('BucketStateStore', 'x', { bucketName: 'b', endpoint: 'e', secretRef: { name: 's' } }), /spec\.secretRef\.namespace: Required value: authMethod accessKey needs a Secret$/],
    ['a release without an address', promiseReleases, () => object('PromiseRelease', 'x', { sourceRef: { type: 'http' } }), /spec\.sourceRef\.url: Required value: the address of the Promise$/],
    ['a release with a Secret that is not there', promiseReleases, () => object('PromiseRelease', 'x', { sourceRef: { url: `${releases.url}/good`, secretRef: { name: 's', namespace: 'default' } } }), 'spec.sourceRef: the Secret default/s does not exist'],
    ['a release of nothing', promiseReleases, () => object('PromiseRelease', 'x', { sourceRef: { url: `${releases.url}/missing?token=hidden` } }), /spec\.sourceRef: cannot fetch http:\/\/127\.0\.0\.1:\d+\/missing: the server answered 404 Not Found, not 200$/],
    ['a release of something else', promiseReleases, () => object('PromiseRelease', 'x', { sourceRef: { url: `${releases.url}/two` } }), /sends has 2 documents; it must be one Promise$/],
    ['a release of what is too large', promiseReleases, () => object('PromiseRelease', 'x', { sourceRef: { url: `${releases.url}/large` } }), /is larger than 3145728 bytes$/],
    ['a release from a file', promiseReleases, () => object('PromiseRelease', 'x', { sourceRef: { url: 'file:///etc/passwd' } }), 'spec.sourceRef.url is no http or https address: "file:///etc/passwd"'],
    ['a revision with a bad interval', promiseRevisions, () => ({ ...object('PromiseRevision', 'x', { promiseRef: { name: 'a' }, promiseSpec: {}, version: 'v1' }), metadata: { name: 'x', annotations: { 'kratix.io/reconciliation-interval': '1s' } } }), 'must be at least 1m'],
    ['settings that cannot be read', configMaps, () => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kratix', namespace: 'kratix-platform-system' }, data: { config: 'numberOfJobsToKeep: many' } }) as KubeObject, 'data.config.numberOfJobsToKeep: Invalid value'],
    ['a health record of a state that is none', healthRecords, () => ({ apiVersion: PLATFORM, kind: 'HealthRecord', metadata: { name: 'x', namespace: 'default' }, data: { promiseRef: { name: 'a' }, state: 'fine' } }) as KubeObject, 'data.state: Unsupported value: "fine"'],
  ])('%s', async (_what, kind, one, message) => {
    const said = await created(one(), kind);
    if (typeof message === 'string') expect(said).toContain(message);
    else expect(said).toMatch(message);
  });

  it('a change of the file path mode', async () => {
    expect(await refusal(() => plane.client.patch(destinations, { name: 'first' }, 'merge', { spec: { filepath: { mode: 'none' } } }))).toContain('filepath.mode is immutable');
  });

  it('the removal of the latest revision, by anyone but the platform', async () => {
    const said = 'promiserevisions.platform.kratix.io "taken-1" is forbidden: it is the latest revision of the Promise "taken", which its requests follow: delete the Promise, or give it another version first';
    const remove = (client: Client) => refusal(() => client.delete(promiseRevisions, { name: 'taken-1' }));
    expect(await remove(plane.client)).toBe(said);
    const controller = plane.clientFor({ name: 'system:serviceaccount:kratix-platform-system:kratix-platform-controller-manager', groups: ['system:authenticated', 'system:masters'] });
    expect(await remove(controller)).toBe('let in');
  });
});

describe('kubectl', () => {
  const apply = async (...objects: KubeObject[]): Promise<string> => {
    const kubeconfig = await plane.kubeconfig();
    const { stdout, stderr } = await runKubectl(['apply', '-f', '-'], { kubeconfig, stdin: objects.map((one) => JSON.stringify(one)).join('\n---\n') });
    return stdout + stderr;
  };

  it('shows what is refused', async () => {
    expect(await apply(promise('k', { scope: 'Cluster' }))).toBe('The Promise "k" is invalid: spec.api.spec.scope: Unsupported value: "Cluster": supported values: "Namespaced"\n');
  });

  it('shows warnings, and lets in', async () => {
    expect(await apply(promise('needy', undefined, { requiredPromises: [{ name: 'absent' }, { name: 'taken', version: 'v9' }, { name: 'needy' }] }))).toBe(
      [
        'promise.platform.kratix.io/needy created',
        'Warning: the required Promise "absent" is not installed; requests wait until it is',
        'Warning: the required Promise "taken" is not installed at version "v9"; requests wait until it is',
        'Warning: the Promise "needy" requires itself, so it will never be available',
        '',
      ].join('\n'),
    );
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, stringData: { password: 'x' } };
    expect(await apply(promise('careless', undefined, { dependencies: [secret] }))).toContain('Warning: spec.dependencies: the values of Secret login will stand in the state stores of all destinations: let something at the destination make it');
    expect(await apply(object('Destination', 'early', { path: 'early', stateStoreRef: { kind: 'GitStateStore', name: 'later' } }))).toContain('Warning: the GitStateStore "later" does not exist; the Destination becomes ready when it does');
    expect(await apply(object('PromiseRelease', 'other', { version: 'v2', sourceRef: { url: `${releases.url}/good` } }))).toContain('Warning: the Promise at spec.sourceRef.url is of version "v1", not of "v2"; it is not installed');
    expect(await apply(object('PromiseRelease', 'bare', { sourceRef: { url: `${releases.url}/bare` } }))).toContain('Warning: the Promise at spec.sourceRef.url has no label kratix.io/promise-version; it is not installed without');
    expect(await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kratix', namespace: 'kratix-platform-system' }, data: { config: 'numberOfJobsToKeep: 0' } } as KubeObject)).toContain('Warning: data.config.numberOfJobsToKeep: 0 is less than 1; 5 is used');
  });
});

/** Answers with Promises and with things that are none. */
async function servePromises(): Promise<Disposable & { readonly url: string }> {
  const versioned = promise('released', undefined, {}, { labels: { 'kratix.io/promise-version': 'v1' } });
  const answers: Readonly<Record<string, string>> = {
    '/good': JSON.stringify(versioned),
    '/bare': JSON.stringify(promise('released', undefined)),
    '/two': `${JSON.stringify(versioned)}\n---\n${JSON.stringify(versioned)}`,
    '/large': ' '.repeat(3 * 1024 * 1024 + 1),
  };
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.dispose]: () => void server.close().closeAllConnections() };
}
