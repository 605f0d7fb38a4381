import type { Pod } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { parseFailure } from './parse-failure.ts';
import { whyUnhealthy } from './why-unhealthy.ts';

const deployment = (status: object = { observedGeneration: 1 }): KubeObject =>
  ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default', generation: 1 }, spec: { replicas: 1 }, status }) as KubeObject;
const pod = (status: object): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1', namespace: 'default' }, status }) as Pod;
const waiting = (reason: string, message: string, more: object = {}): Pod => pod({ phase: 'Pending', containerStatuses: [{ name: 'main', state: { waiting: { reason, message } }, ...more }] });

describe(whyUnhealthy, () => {
  it('is silent about what is well', () => {
    expect(whyUnhealthy(deployment({ observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }), [])).toBeUndefined();
  });
  it.each([
    ['an image that is not there', waiting('ImagePullBackOff', 'Back-off pulling image "nope"'), 'ImagePullBackOff', 'pod web-1, container main: Back-off pulling image "nope"'],
    ['a Secret that is missing', waiting('CreateContainerConfigError', 'secret "db" not found'), 'CreateContainerConfigError', 'pod web-1, container main: secret "db" not found'],
    [
      'a container that ends again and again',
      waiting('CrashLoopBackOff', 'back-off 10s', { lastState: { terminated: { exitCode: 3, reason: 'Error' } } }),
      'CrashLoopBackOff',
      'pod web-1, container main ends again and again, the last time with exit code 3',
    ],
    [
      'a pod that no node takes',
      pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available' }] }),
      'FailedScheduling',
      'pod web-1: 0/1 nodes are available',
    ],
  ])('names %s', (_what, one, reason, message) => {
    const starting = pod({ phase: 'Pending', containerStatuses: [{ name: 'main', state: { waiting: { reason: 'ContainerCreating' } } }] });
    expect(whyUnhealthy(deployment(), [starting, one])).toEqual({ reason, message });
  });
  it('names the condition when there is no pod to blame', () => {
    const refused = { observedGeneration: 1, conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }] };
    expect(whyUnhealthy(deployment(refused), [])).toEqual({ reason: 'FailedCreate', message: 'exceeded quota' });
  });
});

describe(parseFailure, () => {
  it("finds the object in Flux' words", () => {
    const message = 'Deployment/default/web dry-run failed (Invalid): Deployment.apps "web" is invalid: spec.replicas: Invalid value';
    expect(parseFailure(message)).toEqual({ kind: 'Deployment', namespace: 'default', name: 'web', message });
    expect(parseFailure('ClusterRole/x dry-run failed: no')).toEqual({ kind: 'ClusterRole', name: 'x', message: 'ClusterRole/x dry-run failed: no' });
    expect(parseFailure('kustomize build failed: no such file')).toBeUndefined();
  });
});
