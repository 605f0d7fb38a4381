import type { Node, Pod } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { placePod, planPlacement } from './plan.ts';

const pod = (spec: object = {}): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [], ...spec } }) as KubeObject as Pod;
const node = (spec: object = {}): Node => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'only', labels: { disk: 'fast', cores: '4' } }, spec }) as KubeObject as Node;
const affinity = (operator: string, key: string, ...values: readonly string[]): object => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }] } } },
});
const message = (ofPod: Pod, ofNode: Node | undefined = node()): string => {
  const placement = planPlacement(ofPod, ofNode);
  return placement.type === 'unschedulable' ? placement.message : placement.type;
};

describe(planPlacement, () => {
  it('binds what fits and says why not in the scheduler’s words', () => {
    const noMatch = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
    expect(message(pod())).toBe('bind');
    expect(planPlacement(pod(), undefined)).toEqual({ type: 'unschedulable', message: 'no nodes available to schedule pods' });
    expect(message(pod({ nodeSelector: { disk: 'fast' } }))).toBe('bind');
    expect(message(pod({ nodeSelector: { disk: 'slow' } }))).toBe(noMatch);
    expect(message(pod(affinity('In', 'disk', 'fast', 'faster')))).toBe('bind');
    expect(message(pod(affinity('Gt', 'cores', '4')))).toBe(noMatch);
    expect(message(pod(affinity('DoesNotExist', 'gpu')))).toBe('bind');
    expect(message(pod({ schedulingGates: [{ name: 'later' }] }))).toBe('gated');
  });

  it('respects taints that the pod does not bear', () => {
    const tainted = node({ taints: [{ key: 'team', value: 'a', effect: 'NoSchedule' }] });
    expect(message(pod(), tainted)).toBe('0/1 nodes are available: 1 node(s) had untolerated taint(s) {team: a}.');
    expect(message(pod({ tolerations: [{ key: 'team', operator: 'Equal', value: 'a' }] }), tainted)).toBe('bind');
    expect(message(pod({ tolerations: [{ operator: 'Exists' }] }), tainted)).toBe('bind');
    expect(message(pod(), node({ taints: [{ key: 'team', effect: 'PreferNoSchedule' }] }))).toBe('bind');
    expect(message(pod(), node({ unschedulable: true }))).toBe('0/1 nodes are available: 1 node(s) were unschedulable.');
  });
});

describe(placePod, () => {
  it('leaves pods alone that do not fit or wait for another scheduler', () => {
    expect(placePod(pod(), node()).spec?.nodeName).toBe('only');
    expect(placePod(pod({ schedulerName: 'mine' }), node()).spec?.nodeName).toBeUndefined();
    expect(placePod(pod({ nodeSelector: { disk: 'slow' } }), node()).spec?.nodeName).toBeUndefined();
  });
});
