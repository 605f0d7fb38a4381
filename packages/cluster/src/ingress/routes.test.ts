import { ingressClasses, ingresses, type Ingress, type IngressClass } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import { INGRESS_CONTROLLER, isServed, routingTable } from './routes.ts';

type Rule = readonly [host: string, path: string, service: string, pathType?: 'Exact' | 'Prefix'];

const ingress = (name: string, created: string, rules: readonly Rule[], className?: string): Ingress => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: ingresses.kind,
  metadata: { name, namespace: 'default', creationTimestamp: created },
  spec: {
    ...(className ? { ingressClassName: className } : {}),
    rules: rules.map(([host, path, service, pathType = 'Prefix']) => ({
      ...(host ? { host } : {}),
      http: { paths: [{ path, pathType, backend: { service: { name: service, port: { number: 80 } } } }] },
    })),
  },
});

describe(routingTable, () => {
  const table = routingTable([
    ingress('a', '2026-01-01T00:00:00Z', [
      ['shop.localhost', '/', 'front'],
      ['shop.localhost', '/api', 'api'],
      ['shop.localhost', '/api/v1', 'exact', 'Exact'],
      ['*.localhost', '/', 'wild'],
      ['', '/any', 'any'],
    ]),
  ]);
  const service = (host: string, path: string): string | undefined => table.match(host, path)?.backend.service?.name;

  it.each([
    ['shop.localhost', '/', 'front'],
    ['SHOP.localhost.', '/', 'front'],
    ['shop.localhost', '/apis', 'front'],
    ['shop.localhost', '/api', 'api'],
    ['shop.localhost', '/api/', 'api'],
    ['shop.localhost', '/api/v1', 'exact'],
    ['shop.localhost', '/api/v1/x', 'api'],
    ['other.localhost', '/', 'wild'],
    ['two.labels.localhost', '/', undefined],
    ['elsewhere', '/any/thing', 'any'],
    ['localhost', '/', undefined],
  ])('leads %s%s to %s', (host, path, expected) => {
    expect(service(host, path)).toBe(expected);
  });

  it('gives what two want to the older one, and says so', () => {
    const both = routingTable([ingress('younger', '2026-02-01T00:00:00Z', [['x.localhost', '/', 'second']]), ingress('older', '2026-01-01T00:00:00Z', [['x.localhost', '/', 'first']])]);
    expect(both.match('x.localhost', '/')?.backend.service?.name).toBe('first');
    expect(both.conflicts).toEqual([{ ingress: { namespace: 'default', name: 'younger' }, holder: { namespace: 'default', name: 'older' }, address: 'x.localhost/' }]);
  });

  it('uses the default backend when nothing else fits', () => {
    const fallback: Ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'd', namespace: 'default' }, spec: { defaultBackend: { service: { name: 'all', port: { name: 'http' } } } } };
    expect(routingTable([fallback]).match('nobody.localhost', '/x')?.backend.service?.name).toBe('all');
  });
});

describe(isServed, () => {
  const ingressClass = (name: string, controller: string, isDefault = false): IngressClass => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: ingressClasses.kind,
    metadata: { name, ...(isDefault ? { annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } } : {}) },
    spec: { controller },
  });

  it.each([
    ['plinth', [ingressClass('plinth', INGRESS_CONTROLLER)], true],
    ['nginx', [ingressClass('plinth', INGRESS_CONTROLLER), ingressClass('nginx', 'k8s.io/ingress-nginx')], false],
    [undefined, [ingressClass('plinth', INGRESS_CONTROLLER, true)], true],
    [undefined, [ingressClass('plinth', INGRESS_CONTROLLER)], false],
  ])('asks the class %s', (name, classes, expected) => {
    expect(isServed(ingress('i', '', [], name), classes)).toBe(expected);
  });
});
