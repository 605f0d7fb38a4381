import { promises } from '@plinth/api';
import type { UnstructuredObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { platformAdmission } from './platform-admission.ts';

const pipeline = (name: string, container: object = {}, spec: object = {}): object => ({
  apiVersion: 'platform.kratix.io/v1alpha1',
  kind: 'Pipeline',
  metadata: { name },
  spec: { containers: [{ name: 'make', image: 'test/make', ...container }], ...spec },
});
const api = (spec: object = {}, version: object = {}): Record<string, unknown> => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'buckets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'buckets', kind: 'bucket' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } } } }, ...version }],
    ...spec,
  },
});
const promise = (spec: object, name = 'bucket'): UnstructuredObject => ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Promise', metadata: { name }, spec });
const resourceConfigure = (...configure: object[]): object => ({ workflows: { resource: { configure } } });
const refusal = async (object: UnstructuredObject, oldObject?: UnstructuredObject): Promise<string> => {
  try {
    await platformAdmission()({ operation: oldObject ? 'UPDATE' : 'CREATE', resource: promises, object, ...(oldObject ? { oldObject } : {}) });
    return 'let in';
  } catch (error) {
    return (error as Error).message.replace('Promise.platform.kratix.io "bucket" is invalid: ', '');
  }
};

describe('admission of Promises', () => {
  it('lets in what can work', async () => {
    const full = pipeline('configure', { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }], resources: { limits: { cpu: '1' } } }, { jobOptions: { backoffLimit: 0, activeDeadlineSeconds: 60 }, rbac: { permissions: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] } });
    expect(await refusal(promise({ api: api(), ...resourceConfigure(full) }))).toBe('let in');
    expect(await refusal(promise({}))).toBe('let in');
    expect(await refusal(promise({ api: {} }))).toBe('let in');
  });

  it.each([
    ['another kind', api({}, {}), { kind: 'ConfigMap' }, 'spec.api.kind: Unsupported value: "ConfigMap": supported values: "CustomResourceDefinition"'],
    ['no versions', api({ versions: [] }), {}, 'spec.api.spec.versions: Required value: a kind needs a version'],
    ['a schema that is not structural', api({}, { schema: { openAPIV3Schema: { type: 'object', properties: { spec: {} } } } }), {}, 'spec.api.spec.versions[0].schema.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields'],
    ['no schema', api({}, { schema: undefined }), {}, 'spec.api.spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required'],
    ['a kind for the whole cluster', api({ scope: 'Cluster' }), {}, 'spec.api.spec.scope: Unsupported value: "Cluster": supported values: "Namespaced"'],
    ['a wrong name', api(), { metadata: { name: 'x' } }, 'spec.api.metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group'],
    ['two storage versions', api({ versions: ['v1', 'v2'].map((name) => ({ name, served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } })) }), {}, 'spec.api.spec.versions: Invalid value: ["v1","v2"]: must have exactly one version marked as storage version'],
  ])('refuses an API with %s', async (_what, crd, change, message) => {
    expect(await refusal(promise({ api: { ...crd, ...change } }))).toBe(message);
  });

  it.each([
    ['an unknown field', pipeline('p', { workingDir: '/' }), 'spec.workflows.resource.configure[0].spec.containers[0].workingDir: Invalid value: unknown field'],
    ['another kind', { ...pipeline('p'), kind: 'Job' }, 'spec.workflows.resource.configure[0].kind: Unsupported value: "Job": supported values: "Pipeline"'],
    ['no containers', pipeline('p', {}, { containers: [] }), 'spec.workflows.resource.configure[0].spec.containers: Required value: a pipeline needs a container'],
    ['the name of a container of the platform', pipeline('p', { name: 'reader' }), 'spec.workflows.resource.configure[0].spec.containers[0].name: Duplicate value: "reader"'],
    ['a name too long for its roles', pipeline('p'.repeat(40)), `spec.workflows.resource.configure[0].metadata.name: Invalid value: "${'p'.repeat(40)}": the name of its objects, bucket-resource-configure-${'p'.repeat(40)}, is 66 characters long; it must be no more than 60`],
  ])('refuses a pipeline with %s', async (_what, value, message) => {
    expect(await refusal(promise(resourceConfigure(value)))).toBe(message);
  });

  it('refuses two pipelines of one name, a short interval, and a dependency that no agent could apply', async () => {
    expect(await refusal(promise(resourceConfigure(pipeline('p'), pipeline('p'))))).toContain('configure[1].metadata.name: Duplicate value: "p"');
    expect(await refusal(promise({ workflows: { config: { reconciliationInterval: '5s' } } }))).toContain('must be at least 1m');
    expect(await refusal(promise({ dependencies: [{ kind: 'Namespace' }] }))).toContain('spec.dependencies[0].apiVersion: Required value');
  });

  it('refuses to change the names that requests have, or to take the API away', async () => {
    const old = promise({ api: api() });
    expect(await refusal(promise({ api: api({ names: { plural: 'buckets', kind: 'Bucket' } }) }), old)).toContain('field is immutable');
    expect(await refusal(promise({}), old)).toBe('spec.api: Forbidden: the API of a Promise cannot be removed');
    expect(await refusal(promise({ api: api({}, { schema: { openAPIV3Schema: { type: 'object' } } }) }), old)).toBe('let in');
  });

  it('refuses a name that does not fit into a label', async () => {
    await expect(platformAdmission()({ operation: 'CREATE', resource: promises, object: promise({}, 'b'.repeat(64)) })).rejects.toThrow('must be no more than 63 bytes');
  });
});
