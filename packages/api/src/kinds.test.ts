import { applyDefaults, checkStructural, pruneUnknown, type KubeObject, type Schema } from '@plinth/apimachinery';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { builtinKinds, crdOf, customKinds, deployments, destinations, healthRecords, kustomizations, pods, postgresqls, promises, schemaNameOf, services, works, workPlacements } from './index.ts';
import type { Kind, Pod, PlatformPromise, Postgresql, Service } from './index.ts';

const all: readonly Kind[] = [...builtinKinds, ...customKinds];

/** As a structural schema must be: metadata belongs to the server. */
const body = (kind: Kind): Schema => ({
  ...kind.schema,
  properties: { ...kind.schema.properties, metadata: { type: 'object' } },
});

describe('every kind', () => {
  it.each(all.map((kind) => [`${kind.plural}.${kind.group}`, kind] as const))('%s has a structural schema', (_name, kind) => {
    expect(checkStructural(body(kind))).toEqual([]);
  });

  it('has a name of its own', () => {
    const names = all.map((kind) => `${kind.plural}.${kind.version}.${kind.group}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(all.map((kind) => [kind.plural, kind] as const))('%s describes every field that it declares', (_name, kind) => {
    const silent: string[] = [];
    walk(kind.schema, '', (schema, path) => {
      if (!schema.description && !path.endsWith('[]') && !path.endsWith('*')) silent.push(path);
    });
    expect(silent.filter((path) => path !== '.metadata')).toEqual([]);
  });

  it.each(all.map((kind) => [kind.plural, kind] as const))('%s has columns with a path or a function, not both', (_name, kind) => {
    for (const column of kind.columns ?? []) expect([column.name, (column.jsonPath === undefined) !== (column.value === undefined)]).toEqual([column.name, true]);
  });

  it.each(all.map((kind) => [`${kind.plural}.${kind.group}`, kind] as const))('%s has each column once', (_name, kind) => {
    const names = (kind.columns ?? []).map((column) => column.name);
    expect(names).toEqual([...new Set(names)]);
  });
});

function walk(schema: Schema, path: string, visit: (schema: Schema, path: string) => void): void {
  visit(schema, path);
  for (const [name, property] of Object.entries(schema.properties ?? {})) walk(property, `${path}.${name}`, visit);
  if (schema.items) walk(schema.items, `${path}[]`, visit);
  if (typeof schema.additionalProperties === 'object') walk(schema.additionalProperties, `${path}*`, visit);
}

const headers = (kind: Kind, wide = false): string =>
  (kind.columns ?? []).filter((column) => wide || !column.priority).map((column) => column.name.toUpperCase()).join(' ');

describe('columns', () => {
  it.each([
    [promises, 'STATUS KIND API VERSION VERSION MESSAGE'],
    [destinations, 'STATESTOREKIND STATESTORENAME READY'],
    [works, 'STATUS'],
    [workPlacements, 'DESTINATION STATUS'],
    [healthRecords, 'STATUS AGE'],
    [postgresqls, 'TEAM VERSION PODS VOLUME CPU-REQUEST MEMORY-REQUEST AGE STATUS'],
    [kustomizations, 'AGE READY STATUS'],
    [pods, 'READY STATUS RESTARTS AGE'],
    [services, 'TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE'],
    [deployments, 'READY UP-TO-DATE AVAILABLE AGE'],
  ] as const)('are those that people know', (kind, expected) => {
    expect(headers(kind as Kind)).toBe(expected);
  });
});

describe(crdOf, () => {
  it.each(customKinds.map((kind) => [kind.kind, kind] as const))('makes a valid manifest for %s', (_name, kind) => {
    const crd = crdOf(kind);
    expect(crd.metadata.name).toBe(`${kind.plural}.${kind.group}`);
    expect(checkStructural(crd.spec.versions[0]?.schema?.openAPIV3Schema)).toEqual([]);
    expect(JSON.stringify(crd)).not.toContain('x-kubernetes-patch');
    for (const column of crd.spec.versions[0]?.additionalPrinterColumns ?? []) expect(column.jsonPath).toMatch(/^\./);
  });

  it('keeps the status apart where the contract says so', () => {
    expect(crdOf(promises).spec.versions[0]?.subresources).toEqual({ status: {} });
    expect(crdOf(healthRecords).spec.versions[0]?.subresources).toBeUndefined();
  });

  it('serves older versions beside the stored one', () => {
    const versions = crdOf(kustomizations, { alsoServed: ['v1beta2'] }).spec.versions;
    expect(versions.map(({ name, served, storage }) => ({ name, served, storage }))).toEqual([
      { name: 'v1', served: true, storage: true },
      { name: 'v1beta2', served: true, storage: false },
    ]);
  });
});

describe('schemas', () => {
  it('know every field of a deployment that a stock manifest has', () => {
    expect(unknownOf(stockDeployment, deployments)).toEqual([]);
  });

  it('report a field that does not exist', () => {
    const typo = { ...stockDeployment, spec: { ...stockDeployment.spec, replica: 1 } };
    expect(unknownOf(typo, deployments)).toEqual(['spec.replica']);
  });

  it('give a destination its defaults', () => {
    const destination = { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Destination', metadata: { name: 'worker' }, spec: { path: 'worker' } };
    expect(applyDefaults(destination, destinations.schema).spec).toEqual({
      path: 'worker',
      strictMatchLabels: false,
      filepath: { mode: 'nestedByMetadata' },
      cleanup: 'none',
      initWorkloads: { enabled: true },
    });
  });

  it('name the parts that they share', () => {
    const podSpec = pods.schema.properties?.['spec'];
    expect(podSpec && schemaNameOf(podSpec)).toBe('io.k8s.api.core.v1.PodSpec');
    expect(deployments.schema.properties?.['spec']?.properties?.['template']?.properties?.['spec']).toBe(podSpec);
  });
});

function unknownOf(object: unknown, kind: Kind): readonly string[] {
  return pruneUnknown(object, kind.schema, { root: true }).unknown;
}

describe('types', () => {
  it('follow from the declarations', () => {
    expectTypeOf<Pod>().toExtend<KubeObject>();
    expectTypeOf<NonNullable<Pod['spec']>['containers'][number]['name']>().toEqualTypeOf<string>();
    expectTypeOf<NonNullable<Service['spec']>['type']>().toEqualTypeOf<'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName' | undefined>();
    expectTypeOf<Postgresql['spec']['postgresql']['version']>().toEqualTypeOf<'11' | '12' | '13' | '14' | '15' | '16' | '17' | '18'>();
    expectTypeOf<NonNullable<PlatformPromise['spec']>['dependencies']>().toExtend<readonly KubeObject[] | undefined>();
    expectTypeOf(pods).toExtend<Kind>();
  });
});

const stockDeployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'operator', namespace: 'default', labels: { app: 'operator' } },
  spec: {
    replicas: 1,
    strategy: { type: 'Recreate' },
    selector: { matchLabels: { app: 'operator' } },
    template: {
      metadata: { labels: { app: 'operator' }, annotations: { 'prometheus.io/scrape': 'true' } },
      spec: {
        serviceAccountName: 'operator',
        priorityClassName: 'system-cluster-critical',
        terminationGracePeriodSeconds: 10,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ key: 'x', operator: 'Exists', effect: 'NoSchedule' }],
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }] },
          },
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'operator' } } } }],
          },
        },
        securityContext: { runAsNonRoot: true, fsGroup: 1337, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'manager',
            image: 'example.org/manager:v1',
            imagePullPolicy: 'IfNotPresent',
            args: ['--leader-elect'],
            ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
            env: [{ name: 'NS', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }, { name: 'LIMIT', valueFrom: { resourceFieldRef: { containerName: 'manager', resource: 'limits.memory' } } }],
            livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, initialDelaySeconds: 15 },
            readinessProbe: { httpGet: { path: '/readyz', port: 8081 } },
            resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: 1, memory: '64Mi' } },
            securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsUser: 1000, capabilities: { drop: ['ALL'] } },
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }, { name: 'cert', mountPath: '/cert', readOnly: true, subPath: 'x' }],
          },
        ],
        volumes: [
          { name: 'tmp', emptyDir: {} },
          { name: 'cert', secret: { defaultMode: 420, secretName: 'cert' } },
          { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3607 } }, { configMap: { name: 'ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] } }] } },
        ],
      },
    },
  },
};
