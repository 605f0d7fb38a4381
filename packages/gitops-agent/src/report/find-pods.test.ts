import type { Pod } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { podFinder } from './find-pods.ts';

const pod = (name: string, labels: Readonly<Record<string, string>>, namespace = 'default'): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels } }) as Pod;
const workload = (selector: object | undefined, namespace = 'default'): KubeObject => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace }, spec: { selector } }) as KubeObject;
const PODS = [pod('one', { app: 'web', team: 'a' }), pod('two', { app: 'web', team: 'b' }), pod('three', { team: 'a' }), pod('four', { app: 'web', team: 'a' }, 'other')];

describe(podFinder, () => {
  it.each([
    ['all labels', { matchLabels: { app: 'web', team: 'a' } }, ['one']],
    ['a label that no pod has', { matchLabels: { app: 'web', team: 'c' } }, []],
    ['labels and an expression', { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a'] }] }, ['two']],
    ['an expression alone', { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, ['three']],
    ['nothing', {}, []],
    ['no selector', undefined, []],
  ])('finds by %s', (_what, selector, names) => {
    expect(podFinder(PODS)(workload(selector)).map(({ metadata }) => metadata.name)).toEqual(names);
  });

  it('stays in the namespace', () => {
    expect(podFinder(PODS)(workload({ matchLabels: { app: 'web' } }, 'other')).map(({ metadata }) => metadata.name)).toEqual(['four']);
  });
});
