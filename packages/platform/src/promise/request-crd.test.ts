import type { CustomResourceDefinition, HealthRecord } from '@plinth/api';
import { checkStructural } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { aggregateHealth } from '../health-record/aggregate.ts';
import { requestCrd } from './request-crd.ts';

const api = (version: object = {}): CustomResourceDefinition =>
  ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'buckets.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'buckets', kind: 'bucket' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } }, ...version }] },
  }) as CustomResourceDefinition;

describe(requestCrd, () => {
  it('adds the status, its subresource, a bound on names and the columns MESSAGE and STATUS', () => {
    const crd = requestCrd('bucket', api({ schema: { openAPIV3Schema: { type: 'object', properties: { status: { type: 'object', properties: { mine: { type: 'string' } } } } } } }));
    const [version] = crd.spec.versions;
    expect(crd.metadata.labels).toEqual({ 'kratix.io/promise-name': 'bucket' });
    expect(version?.subresources).toEqual({ status: {} });
    expect(version?.additionalPrinterColumns?.map(({ name, jsonPath }) => [name, jsonPath])).toEqual([['message', '.status.message'], ['status', '.status.conditions[?(@.type=="Reconciled")].message']]);
    const schema = version!.schema!.openAPIV3Schema!;
    expect(schema.properties?.['metadata']).toEqual({ type: 'object', properties: { name: { type: 'string', maxLength: 63 } } });
    expect(Object.keys(schema.properties?.['status']?.properties ?? {})).toEqual(['message', 'observedGeneration', 'workflows', 'workflowsSucceeded', 'workflowsFailed', 'conditions', 'kratix']);
    expect(checkStructural(schema)).toEqual([]);
  });
  it("keeps the author's columns and stricter bound", () => {
    const columns = [{ name: 'size', type: 'string', jsonPath: '.spec.size' }];
    const schema = { openAPIV3Schema: { type: 'object', properties: { metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 30, pattern: '^a' } } } } } };
    const [version] = requestCrd('bucket', api({ additionalPrinterColumns: columns, schema })).spec.versions;
    expect(version?.additionalPrinterColumns).toEqual(columns);
    expect(version?.schema?.openAPIV3Schema?.properties?.['metadata']?.properties?.['name']).toEqual({ type: 'string', maxLength: 30, pattern: '^a' });
  });
});

describe(aggregateHealth, () => {
  const record = (name: string, state: string, created = '2026-01-02T00:00:00Z'): HealthRecord =>
    ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'HealthRecord', metadata: { name, namespace: 'default', creationTimestamp: created }, data: { promiseRef: { name: 'bucket' }, state } }) as HealthRecord;
  const requestCreatedAt = Date.parse('2026-01-01T00:00:00Z');
  it('takes the worst of all records, and forgets those of an earlier request of the same name', () => {
    expect(aggregateHealth([], requestCreatedAt)).toBeUndefined();
    expect(aggregateHealth([record('a', 'ready'), record('b', 'degraded'), record('c', 'healthy')], requestCreatedAt)?.state).toBe('degraded');
    expect(aggregateHealth([record('a', 'ready'), record('old', 'unhealthy', '2025-01-01T00:00:00Z')], requestCreatedAt)?.state).toBe('ready');
  });
});
