import { describe, expect, it } from 'vitest';
import { healthOf } from './health.ts';

const object = (apiVersion: string, kind: string, rest: object, metadata: object = {}) => ({ apiVersion, kind, metadata: { name: 'x', generation: 1, ...metadata }, ...rest });
const condition = (type: string, status: string, reason = 'X') => ({ conditions: [{ type, status, reason }] });

describe(healthOf, () => {
  it.each([
    ['a ConfigMap', object('v1', 'ConfigMap', {}), 'Current'],
    ['what is being deleted', object('v1', 'ConfigMap', {}, { deletionTimestamp: 'now' }), 'Terminating'],
    ['a postgresql, which has no conditions', object('acid.zalan.do/v1', 'postgresql', { status: { PostgresClusterStatus: 'Creating' } }), 'Current'],
    ['a custom resource that is not ready', object('x.y/v1', 'Z', { status: condition('Ready', 'False') }), 'InProgress'],
    ['a custom resource that is ready', object('x.y/v1', 'Z', { status: condition('Ready', 'True') }), 'Current'],
    ['a custom resource that is stalled', object('x.y/v1', 'Z', { status: condition('Stalled', 'True') }), 'Failed'],
    ['what its controller has not seen', object('x.y/v1', 'Z', { status: { observedGeneration: 0, ...condition('Ready', 'True') } }), 'InProgress'],
    ['a new deployment', object('apps/v1', 'Deployment', { spec: { replicas: 1 } }), 'InProgress'],
    ['a deployment that is rolled out', object('apps/v1', 'Deployment', { spec: { replicas: 1 }, status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1 } }), 'Current'],
    ['a deployment past its deadline', object('apps/v1', 'Deployment', { spec: {}, status: { observedGeneration: 1, ...condition('Progressing', 'False', 'ProgressDeadlineExceeded') } }), 'Failed'],
    ['a stateful set', object('apps/v1', 'StatefulSet', { spec: { replicas: 1 }, status: { observedGeneration: 1, replicas: 1, readyReplicas: 1, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'a' } }), 'Current'],
    ['a failed job', object('batch/v1', 'Job', { status: condition('Failed', 'True') }), 'Failed'],
    ['a running job', object('batch/v1', 'Job', {}), 'InProgress'],
    ['a claim without a volume', object('v1', 'PersistentVolumeClaim', { status: { phase: 'Pending' } }), 'InProgress'],
    ['a definition that is served', object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { status: condition('Established', 'True') }), 'Current'],
    ['a load balancer without an address', object('v1', 'Service', { spec: { type: 'LoadBalancer' } }), 'InProgress'],
  ])('%s is %s', (_name, value, health) => {
    expect(healthOf(value)).toBe(health);
  });
});
