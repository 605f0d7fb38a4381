import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, findKubectl } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningPlinth, run, startPlinth } from './_util/plinth.ts';

/** Workflows in full, from inside of their pods: everything that a Pipeline can say, with shell steps of this machine. */
let plinth: RunningPlinth;
beforeAll(async () => {
  plinth = await startPlinth();
  // Where a person puts what this machine lacks.
  await mkdir(join(plinth.dataDir, 'bin'));
  await copyFile(await findKubectl('1.32'), join(plinth.dataDir, 'bin/kubectl'));
  await plinth.kubectl('apply -f -', { stdin: prerequisites });
  await plinth.kubectl('apply -f -', { stdin: promise(plinth.dataDir) });
  await eventually(async () => (await plinth.kubectl('get promise shop')).stdout.includes('Available'), { timeoutMs: 20_000, intervalMs: 100 });
  await plinth.kubectl('apply -f -', { stdin: request });
  await eventually(async () => expect(await condition('Reconciled'), JSON.stringify(await status())).toMatchObject({ status: 'True' }), { timeoutMs: 20_000, intervalMs: 100 });
}, 90_000);
afterAll(() => plinth?.[Symbol.asyncDispose]());

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly initContainers: readonly Readonly<Record<string, unknown>>[]; readonly imagePullSecrets: unknown; readonly tolerations: unknown };
}

const status = async (): Promise<Readonly<Record<string, unknown>>> => (await plinth.json<{ status: Record<string, unknown> }>('get shop example')).status;
const condition = async (type: string): Promise<unknown> => ((await status())['conditions'] as readonly { type: string }[]).find((each) => each.type === type);
const podOf = async (pipeline: string): Promise<Pod> => (await plinth.json<{ items: readonly Pod[] }>(`get pods -A -l kratix.io/pipeline-name=${pipeline}`)).items[0]!;
const logOf = async (pipeline: string, container: string): Promise<string> => (await plinth.kubectl(`logs ${(await podOf(pipeline)).metadata.name} -c ${container}`)).stdout;

describe('a pipeline\'s container', () => {
  it('gets its environment from values, Secrets, ConfigMaps and fields, and its arguments with them', async () => {
    expect(await logOf('first', 'environment')).toBe('plain one=of-the-secret and=and-more setting=of-the-config namespace=default name=example promise=shop kind=Shop arg=of-the-secret\n');
  });

  it('gets its volumes, and hands on to the next what it leaves in them', async () => {
    expect(await logOf('first', 'volumes')).toBe('of-the-config\nof-the-secret\nkind: Shop\nread-only input\nread-only config\n');
    expect(await logOf('first', 'next')).toBe('left by volumes\n');
  });

  it('runs as the user that it asks for, or as nobody, never with rights', async () => {
    const own = process.getuid?.() ?? 0;
    expect(await logOf('first', 'user')).toBe(own === 0 ? 'user 1234 group 4321 CapEff: 0000000000000000\n' : `user ${own} group ${process.getgid?.()} CapEff: 0000000000000000\n`);
    expect(await logOf('first', 'next')).not.toContain('uid 0');
  });

  it('sees nothing of Plinth\'s, of other pods and of the people on this machine', async () => {
    expect(await logOf('first', 'spy')).toBe('no data directory\nno keys\nno homes\nno shadow\n');
    expect((await readFile(join(plinth.dataDir, 'kubeconfig'), 'utf8')).length).toBeGreaterThan(0);
  });

  it('reaches the API server as its account, with the rights that the pipeline declares and no others', async () => {
    const log = await logOf('second', 'api');
    expect(log).toContain('configmap/settings\n');
    expect(log).toMatch(/cannot list resource "secrets" in API group "" in the namespace "default"/);
    expect(log).toMatch(/cannot get resource "configmaps" in API group "" in the namespace "kratix-platform-system"/);
  });

  it('has what else its pipeline says in its Pod', async () => {
    const { spec } = await podOf('first');
    expect(spec.imagePullSecrets).toEqual([{ name: 'login' }]);
    expect(spec.tolerations).toEqual(expect.arrayContaining([{ key: 'workflows', operator: 'Exists' }]));
    expect(spec.initContainers.map(({ name }) => name)).toEqual(['reader', 'environment', 'volumes', 'next', 'user', 'spy', 'work-writer']);
    expect(spec.initContainers.find(({ name }) => name === 'user')!['securityContext']).toEqual({ runAsUser: 1234, runAsGroup: 4321, runAsNonRoot: true });
  });
});

describe('what a workflow leaves', () => {
  it('goes to the destinations that its directories name', async () => {
    const url = (await plinth.json<{ items: readonly { spec: { url: string } }[] }>('get gitstatestores')).items[0]!.spec.url;
    const clone = join(plinth.dataDir, 'clone');
    expect(await run('git', ['-c', 'http.sslVerify=false', 'clone', '-q', url, clone])).toMatchObject({ exitCode: 0 });
    const files = (await run('git', ['-C', clone, 'ls-files'])).stdout.split('\n').filter((path) => path.includes('/shop/'));
    expect(files).toEqual([
      expect.stringMatching(/^edge\/resources\/default\/shop\/example\/second\/[0-9a-f]{5}\/here\/note\.yaml$/),
      'worker-cluster/resources/default/shop/example/first/5058f/deep/er/file.yaml',
      'worker-cluster/resources/default/shop/example/second/5058f/rest.yaml',
    ]);
  });

  it('is in the request\'s status, conditions by type, other keys whole', async () => {
    expect(await status()).toMatchObject({ message: 'the shop is open', details: { second: true } });
    expect((await status())['details']).toEqual({ second: true });
    expect(await condition('Stocked')).toMatchObject({ status: 'True', reason: 'Full', message: 'by the second pipeline' });
    expect(await condition('Painted')).toMatchObject({ status: 'True', reason: 'ByFirst' });
  });

  it('is taken back when the request goes, after its delete pipeline', async () => {
    await plinth.kubectl('delete shop example --timeout=20s');
    expect((await plinth.kubectl('get configmap gone-example -o jsonpath={.data.of}')).stdout).toBe('example');
  });
});

const prerequisites = `
apiVersion: v1
kind: Secret
metadata: { name: login, namespace: default }
stringData: { one: of-the-secret, and: and-more }
---
apiVersion: platform.kratix.io/v1alpha1
kind: Destination
metadata: { name: edge, labels: { zone: edge } }
spec: { path: edge, strictMatchLabels: true, stateStoreRef: { kind: GitStateStore, name: default } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: default }
data: { setting: of-the-config }
`;

const request = `
apiVersion: example.com/v1
kind: Shop
metadata: { name: example, namespace: default }
spec: { size: small }
`;

const image = 'ghcr.io/syntasso/kratix-pipeline-utility:v0.0.4';

const container = (name: string, script: string, more = '{}'): string => `
              - ${JSON.stringify({ name, image, command: ['/bin/sh', '-c'], args: [script], ...(JSON.parse(more) as object) })}`;

const promise = (dataDir: string): string => `
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: { name: shop }
spec:
  destinationSelectors: [{ matchLabels: { environment: dev } }]
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: { name: shops.example.com }
    spec:
      group: example.com
      names: { kind: Shop, plural: shops, singular: shop }
      scope: Namespaced
      versions:
        - { name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, properties: { spec: { type: object, properties: { size: { type: string } } } } } } }
  workflows:
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: { name: first, labels: { team: shops }, annotations: { note: kept } }
          spec:
            imagePullSecrets: [{ name: login }]
            tolerations: [{ key: workflows, operator: Exists }]
            volumes: [{ name: config, configMap: { name: settings } }, { name: secret, secret: { secretName: login, defaultMode: 256 } }, { name: shared, emptyDir: {} }]
            containers:${container(
              'environment',
              'echo "$PLAIN one=$one and=$and setting=$SETTING namespace=$NAMESPACE name=$KRATIX_OBJECT_NAME promise=$KRATIX_PROMISE_NAME kind=$KRATIX_OBJECT_KIND arg=$(one)"',
              JSON.stringify({
                envFrom: [{ secretRef: { name: 'login' } }],
                env: [{ name: 'PLAIN', value: 'plain' }, { name: 'SETTING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'setting' } } }, { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }],
              }),
            )}${container(
              'volumes',
              'set -e; cat /config/setting; echo; cat /secret/one; echo; grep "^kind" /kratix/input/object.yaml; touch /kratix/input/x 2>/dev/null || echo read-only input; touch /config/x 2>/dev/null || echo read-only config; echo left by volumes > /shared/file; mkdir -p /kratix/output/deep/er; echo "{apiVersion: v1, kind: ConfigMap, metadata: {name: first, namespace: default}}" > /kratix/output/deep/er/file.yaml; printf "details: {first: true}\\nmessage: being built\\nconditions: [{type: Painted, status: \\"True\\", reason: ByFirst}, {type: Stocked, status: \\"False\\"}]\\n" > /kratix/metadata/status.yaml',
              JSON.stringify({ volumeMounts: [{ name: 'config', mountPath: '/config', readOnly: true }, { name: 'secret', mountPath: '/secret' }, { name: 'shared', mountPath: '/shared' }] }),
            )}${container('next', 'cat /shared/file', JSON.stringify({ volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }))}${container(
              'user',
              'echo user $(id -u) group $(id -g) $(grep CapEff /proc/self/status)',
              JSON.stringify({ securityContext: { runAsUser: 1234, runAsGroup: 4321, runAsNonRoot: true } }),
            )}${container(
              'spy',
              `ls ${dataDir} >/dev/null 2>&1 || echo no data directory; find / -xdev -name '*.key' -path '*platform*' 2>/dev/null | grep . || echo no keys; ls /home /var/lib 2>/dev/null | grep . || echo no homes; cat /etc/shadow >/dev/null 2>&1 || echo no shadow`,
            )}
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: { name: second }
          spec:
            rbac: { permissions: [{ apiGroups: [""], resources: [configmaps], verbs: [get, create] }] }
            containers:${container(
              'api',
              'kubectl get configmap settings -o name; kubectl get secrets 2>&1; kubectl get configmap kratix -n kratix-platform-system 2>&1; mkdir /kratix/output/here; echo "{apiVersion: v1, kind: ConfigMap, metadata: {name: here, namespace: default}}" > /kratix/output/here/note.yaml; echo "{apiVersion: v1, kind: ConfigMap, metadata: {name: rest, namespace: default}}" > /kratix/output/rest.yaml; printf "[{directory: here, matchLabels: {zone: edge}}]" > /kratix/metadata/destination-selectors.yaml; printf "details: {second: true}\\nmessage: the shop is open\\nconditions: [{type: Stocked, status: \\"True\\", reason: Full, message: by the second pipeline}]\\n" > /kratix/metadata/status.yaml',
            )}
      delete:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: { name: close }
          spec:
            rbac: { permissions: [{ apiGroups: [""], resources: [configmaps], verbs: [get, create] }] }
            containers:${container('close', 'set -e; test "$KRATIX_WORKFLOW_ACTION" = delete; kubectl create configmap gone-$KRATIX_OBJECT_NAME --from-literal=of=$KRATIX_OBJECT_NAME')}
`;
