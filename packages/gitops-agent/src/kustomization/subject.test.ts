import { describe, expect, it } from 'vitest';
import { compareObjects, wavesOf } from './sort-order.ts';
import { inventoryId, parseInventoryId, type ObjectIdentity } from './subject.ts';

const of = (kind: string, name = 'x', namespace = '', group = ''): ObjectIdentity => ({ kind, name, namespace, group });

describe(inventoryId, () => {
  it.each([
    [of('Deployment', 'web', 'default', 'apps'), 'default_web_apps_Deployment'],
    [of('Namespace', 'x'), '_x__Namespace'],
    [of('CustomResourceDefinition', 'postgresqls.acid.zalan.do', '', 'apiextensions.k8s.io'), '_postgresqls.acid.zalan.do_apiextensions.k8s.io_CustomResourceDefinition'],
    [of('ClusterRole', 'system:node', '', 'rbac.authorization.k8s.io'), '_system__node_rbac.authorization.k8s.io_ClusterRole'],
    [of('ConfigMap', 'kratix-info', 'kratix-worker-system'), 'kratix-worker-system_kratix-info__ConfigMap'],
  ])('is read back as it was written', (identity, id) => {
    expect(inventoryId(identity)).toBe(id);
    expect(parseInventoryId(id)).toEqual(identity);
  });

  it('is refused when it is none', () => {
    expect(parseInventoryId('nonsense')).toBeUndefined();
    expect(parseInventoryId('a_b')).toBeUndefined();
  });
});

describe(compareObjects, () => {
  it('puts definitions first and webhooks last', () => {
    const kinds = ['ValidatingWebhookConfiguration', 'postgresql', 'Deployment', 'ConfigMap', 'Namespace', 'ServiceAccount', 'CustomResourceDefinition'];
    expect(kinds.map((kind) => of(kind)).toSorted(compareObjects).map(({ kind }) => kind)).toEqual([
      'CustomResourceDefinition', 'Namespace', 'ServiceAccount', 'ConfigMap', 'Deployment', 'postgresql', 'ValidatingWebhookConfiguration',
    ]);
  });

  it('makes one wave of what does not depend on each other', () => {
    const sorted = [of('Namespace'), of('ConfigMap', 'a'), of('ConfigMap', 'b'), of('Widget'), of('Gadget')].toSorted(compareObjects);
    expect(wavesOf(sorted, ({ kind }) => kind).map((wave) => wave.length)).toEqual([1, 2, 2]);
  });
});
