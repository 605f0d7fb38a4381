import { openMemoryStore } from '@plinth/object-store';
import { describe, expect, test } from 'vitest';
import { startApiServer } from '../src/index.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 1 }], env: [{ name: 'A', value: 'b' }], volumeMounts: [{ name: 'v', mountPath: '/x' }] }], volumes: [{ name: 'v', configMap: { name: 'x' } }] } };
const selector = { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] };
const crdVersion = {
  name: 'v1',
  served: true,
  storage: true,
  additionalPrinterColumns: [{ name: 'a', type: 'string', jsonPath: '.spec' }],
  subresources: { status: {} },
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { r: { type: 'integer', default: 1 } }, 'x-kubernetes-validations': [{ rule: 'self.r > 0' }] } } } },
};
const valid: readonly (readonly [string, Json])[] = [
  ['/api/v1/namespaces/default/pods', { metadata: { name: 'x', labels: { a: 'b' }, ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'u' }] }, spec: template.spec }],
  ['/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'x' }, spec: { strategy: { rollingUpdate: {} }, selector, template } }],
  ['/apis/apps/v1/namespaces/default/statefulsets', { metadata: { name: 'x' }, spec: { serviceName: 's', volumeClaimTemplates: [{ metadata: { name: 'a' }, spec: {} }], selector, template } }],
  ['/apis/batch/v1/namespaces/default/jobs', { metadata: { name: 'x' }, spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } }],
  ['/api/v1/namespaces/default/services', { metadata: { name: 'x' }, spec: { ports: [{ port: 80, name: 'a' }], selector: { a: 'b' } } }],
  ['/api/v1/namespaces/default/secrets', { metadata: { name: 'x' }, stringData: { a: 'b' }, data: { c: 'YQ==' } }],
  ['/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { metadata: { name: 'ws.e.com' }, spec: { group: 'e.com', scope: 'Namespaced', names: { plural: 'ws', kind: 'W', shortNames: ['w'] }, versions: [crdVersion] } }],
];
const garbage: readonly Json[] = [null, -1, 1.5, '', true, [], {}, [null], [[1]], '__proto__', JSON.parse('{"__proto__":{"a":1}}') as Json, '9'.repeat(300)];

/** Every way to replace one part of a value by `replacement`. */
function* replaced(value: Json, replacement: Json): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    const put = (next: Json): Json => (Array.isArray(value) ? value.map((item: Json, index) => (String(index) === key ? next : item)) : { ...value, [key]: next });
    yield put(replacement);
    for (const next of replaced(member as Json, replacement)) yield put(next);
  }
}

describe('an object with one part replaced by garbage', () => {
  test.each(valid)('is created or refused, never a fault of the server: %s', async (path, object) => {
    const faults: unknown[] = [];
    await using server = await startApiServer({ store: openMemoryStore(), name: 'test', authorizer: () => ({ allowed: true }), serviceCIDR: '127.77.128.0/17', log: (level, message, fields) => level === 'error' && faults.push([message, fields]) });
    const client = server.transport({ name: 'admin', groups: [] });
    const answered = new Map<number, number>();
    for (const part of garbage) {
      for (const body of replaced(object, part)) {
        const { status } = await client.request({ method: 'POST', path, body, query: { dryRun: 'All' } });
        answered.set(status, (answered.get(status) ?? 0) + 1);
      }
    }
    expect(faults).toEqual([]);
    expect([...answered.keys()].every((status) => status === 201 || status === 400 || status === 422)).toBe(true);
    expect((await client.request({ method: 'POST', path, body: object })).status).toBe(201);
  });
});
