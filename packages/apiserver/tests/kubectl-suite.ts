import { pods } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { findKubectl, runKubectl, startControlPlane, type ControlPlane, type KubectlVersion } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';

const crd = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gizmos.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: gizmos, kind: Gizmo, shortNames: [gz]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns: [{name: Size, type: string, jsonPath: .spec.size}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: What is wanted.
            properties: {size: {type: string, enum: [S, M], description: How large.}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
`;
const gizmo = (size: string, more = {}) => JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Gizmo', metadata: { name: 'one' }, spec: { size, ...more } });
const listOf = (more: object) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'listed' }, ...more }] });
const deployment = (image: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "${image}", env: [{name: A, value: b}]}]}
`;

/** What a stock kubectl of a version must be able to do. Without one the tests are skipped, and say why. */
export function kubectlSuite(version: KubectlVersion): void {
  describe(`kubectl ${version}`, () => {
    let plane: ControlPlane;
    let kubeconfig: string;
    let missing: string | undefined;

    beforeAll(async () => {
      plane = await startControlPlane({ listen: true, server: { serviceCIDR: '127.77.128.0/24' } });
      kubeconfig = await plane.kubeconfig();
      await findKubectl(version).catch((error: Error) => (missing = error.message));
    });
    afterAll(() => plane[Symbol.asyncDispose]());

    const namespace = `k${version.replace('.', '-')}`;
    /** Runs a command line in this version's own namespace; words are separated by spaces. */
    const kubectl = async (line: string, stdin?: string) => {
      const { exitCode, stdout, stderr } = await runKubectl(['--namespace', namespace, ...line.split(' ')], { kubeconfig, version, ...(stdin === undefined ? {} : { stdin }) });
      return { exitCode, stdout: stdout.trim(), stderr: stderr.trim() };
    };
    const out = async (line: string, stdin?: string): Promise<string> => {
      const { exitCode, stdout, stderr } = await kubectl(line, stdin);
      expect([exitCode, stderr], line).toEqual([0, expect.any(String)]);
      return stdout;
    };
    const needs = (context: TestContext): void => {
      if (missing !== undefined) {
        console.warn(`skipped: ${missing}`);
        context.skip(missing);
      }
    };

    test('creates what its typed commands send as protobuf', async (context) => {
      needs(context);
      expect(await out(`create namespace ${namespace}`)).toBe(`namespace/${namespace} created`);
      expect(await out('create configmap settings --from-literal=a=b')).toBe('configmap/settings created');
      expect(await out('create secret generic login --from-literal=password=x')).toBe('secret/login created');
      expect(await out('create deployment d --image=nginx --replicas=2')).toBe('deployment.apps/d created');
      expect(await out('scale deployment d --replicas=3')).toBe('deployment.apps/d scaled');
      expect(await out('get deployment d -o jsonpath={.spec.replicas}')).toBe('3');
      expect(await out('create service clusterip s --tcp=80:8080')).toBe('service/s created');
      expect(await out('get service s -o custom-columns=P:.spec.ports[0].targetPort --no-headers')).toBe('8080');
      expect(await out('create role r --verb=get --resource=pods')).toBe('role.rbac.authorization.k8s.io/r created');
      expect(await out('create job j --image=x -- true')).toBe('job.batch/j created');
      expect(await out('auth can-i delete pods')).toBe('yes');
      expect((await kubectl('auth can-i delete pods --as=nobody')).stdout).toBe('no');
      expect(await out('auth whoami -o jsonpath={.status.userInfo.username}')).toBe('admin');
    });

    test('applies, diffs, edits and waits', async (context) => {
      needs(context);
      expect(await out('apply -f -', deployment('nginx:1'))).toBe('deployment.apps/web created');
      expect(await out('apply -f -', deployment('nginx:1'))).toBe('deployment.apps/web unchanged');
      const diff = await kubectl('diff -f -', deployment('nginx:2'));
      expect([diff.exitCode, diff.stdout]).toEqual([1, expect.stringContaining('+        image: nginx:2')]);
      expect(await out('apply --dry-run=server -f -', deployment('nginx:2'))).toBe('deployment.apps/web configured (server dry run)');
      expect(await out('get deployment web -o jsonpath={.spec.template.spec.containers[0].image}')).toBe('nginx:1');
      expect(await out('apply --server-side --force-conflicts -f -', deployment('nginx:2'))).toBe('deployment.apps/web serverside-applied');
      expect(await out('label deployment web tier=front')).toBe('deployment.apps/web labeled');
      expect(await out('annotate deployment web note=x')).toBe('deployment.apps/web annotated');
      expect(await out('set image deployment/web c=nginx:3')).toBe('deployment.apps/web image updated');
      expect(await out("patch deployment web --type=json -p [{\"op\":\"remove\",\"path\":\"/metadata/annotations/note\"}]")).toBe('deployment.apps/web patched');
      expect(await out("wait --for=jsonpath={.spec.replicas}=2 deployment/web --timeout=5s")).toBe('deployment.apps/web condition met');
      expect(await out('get deployment web -o wide')).toMatch(/^NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\s+CONTAINERS\s+IMAGES\s+SELECTOR\nweb\s+0\/2\s+0\s+0\s+\d+s\s+c\s+nginx:3\s+app=web$/);
      expect(await out('describe deployment web')).toContain('RollingUpdateStrategy:  25% max unavailable, 25% max surge');
      expect(await out('get all')).toContain('deployment.apps/web');
      expect(await out('delete deployment web')).toContain('deployment.apps "web" deleted');
      expect(await out('wait --for=delete deployment/web --timeout=5s')).toBe('');
    });

    test('knows custom resources at once: columns, explanation, validation', async (context) => {
      needs(context);
      await out('apply -f -', crd);
      expect(await out('wait --for=condition=Established crd/gizmos.example.com --timeout=5s')).toContain('condition met');
      expect(await out('apply -f -', gizmo('M'))).toBe('gizmo.example.com/one created');
      expect(await out('get gz')).toMatch(/^NAME\s+SIZE\none\s+M$/);
      expect((await kubectl('apply -f -', gizmo('XL'))).stderr).toBe('The Gizmo "one" is invalid: spec.size: Unsupported value: "XL": supported values: "S", "M"');
      expect((await kubectl('apply -f -', gizmo('S', { colour: 'red' }))).stderr).toContain('strict decoding error: unknown field "spec.colour"');
      expect(await out('explain gizmo.spec.size')).toContain('How large.');
      expect(await out('explain pod.spec.containers')).toContain('FIELD: containers');
      expect(await out('patch gz one --subresource=status --type=merge -p {"status":{"conditions":[{"type":"Ready","status":"True"}]}}')).toContain('patched');
      expect(await out('wait --for=condition=Ready gz/one --timeout=5s')).toBe('gizmo.example.com/one condition met');
      expect(await out('describe gz one')).toContain('API Version:  example.com/v1');
      expect(await out('api-resources --api-group=example.com --no-headers')).toMatch(/^gizmos\s+gz\s+example.com\/v1\s+true\s+Gizmo$/);
      expect(await out('api-versions')).toContain('example.com/v1');
      expect(await out('delete crd gizmos.example.com')).toContain('deleted');
      // In one go kubectl cannot know the kind beforehand, and looks it up in the other OpenAPI document.
      const separator = '\n---\n';
      expect(await out('apply -f -', `${crd}${separator}${gizmo('M')}`)).toContain('gizmo.example.com/one created');
      expect(await out('apply -f -', listOf({}))).toBe('configmap/listed created');
      expect((await kubectl('apply -f -', listOf({ dta: {} }))).stderr).toContain('unknown field "dta"');
      expect(await out('delete crd gizmos.example.com')).toContain('deleted');
      expect((await kubectl('get gz')).stderr).toContain('the server could not find the requested resource');
    });

    test('reads the logs of a pod\'s containers', async (context) => {
      needs(context);
      plane.server.setPodLogs(async function* ({ container, tailLines, follow, timestamps }) {
        yield `${container} tail=${tailLines ?? 'all'} follow=${follow} timestamps=${timestamps}\n`;
      });
      const path = { namespace, name: 'talker' };
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: path, spec: { containers: [{ name: 'a', image: 'x' }, { name: 'b', image: 'x' }] } };
      const made = await plane.client.create(pods, pod as KubeObject);
      expect((await kubectl('logs talker -c b')).stderr).toContain('container "b" in pod "talker" is waiting to start: ContainerCreating');
      const running = (name: string) => ({ name, ready: true, restartCount: 0, image: 'x', imageID: '', state: { running: {} } });
      await plane.client.updateStatus(pods, { ...made, status: { phase: 'Running', containerStatuses: [running('a'), running('b')] } } as KubeObject);
      expect(await out('logs talker -c b --tail=5')).toBe('b tail=5 follow=false timestamps=false');
      expect(await out('logs talker -f --all-containers --timestamps --max-log-requests=9')).toContain('a tail=all follow=true timestamps=true');
      expect((await kubectl('logs talker -c c')).stderr).toContain('container c is not valid for pod talker');
      expect(await out('get pod talker')).toMatch(/talker\s+2\/2\s+Running\s+0\s/);
      expect(await out('delete pod talker --now')).toContain('deleted');
    });

    test('watches a table as it changes', async (context) => {
      needs(context);
      const controller = new AbortController();
      const watching = runKubectl(['get', 'configmaps', '--watch', '--no-headers', '--namespace', namespace], { kubeconfig, version, signal: controller.signal, timeoutMs: 1_200 });
      for (let index = 0; index < 10; index += 1) await out(`create configmap w${index} --from-literal=a=b`);
      const { stdout } = await watching;
      controller.abort();
      expect(stdout).toMatch(/^settings\s+1\s+\d+s$/m);
      expect(stdout).toMatch(/^w\d+\s+1\s+\d+s$/m);
    });
  });
}
