import { eventually, runKubectl } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { forever, programs } from './programs.ts';
import { startWorld } from './world.ts';

const manifests = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: v1 }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      containers: [{ name: main, image: v1, volumeMounts: [{ name: data, mountPath: /data }] }]
  volumeClaimTemplates: [{ metadata: { name: data }, spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } } }]
---
apiVersion: batch/v1
kind: Job
metadata: { name: work }
spec:
  template:
    spec:
      restartPolicy: OnFailure
      initContainers: [{ name: first, image: talk }]
      containers: [{ name: main, image: talk }]
---
apiVersion: v1
kind: Pod
metadata: { name: lost }
spec: { containers: [{ name: main, image: "example.com/lost:v1" }] }
`;

describe.each(['1.32', '1.35'] as const)('stock kubectl %s', (version) => {
  it('rolls out, waits, describes, follows logs, rolls back and deletes', async () => {
    await using world = await startWorld({
      listen: true,
      catalogue: programs({ v1: forever, v2: forever, talk: async ({ containerName, log }) => (log(`I am ${containerName}`), 0) }),
    });
    const kubeconfig = await world.plane.kubeconfig();
    const kubectl = async (...args: readonly string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await runKubectl(args, { kubeconfig, version, stdin: manifests });
      expect(`${exitCode} ${stderr}`).toBe('0 ');
      return stdout;
    };
    await kubectl('apply', '-f', '-');
    expect(await kubectl('rollout', 'status', 'deployment/web', '--timeout=10s')).toMatch(/deployment "web" successfully rolled out\n$/);
    expect(await kubectl('rollout', 'status', 'statefulset/db', '--timeout=10s')).toMatch(/partitioned roll out complete|statefulset rolling update complete 1 pods/);
    await kubectl('wait', '--for=condition=complete', 'job/work', '--timeout=10s');
    const table = (await kubectl('get', 'pods', '--no-headers')).split('\n').map((line) => line.split(/\s+/).slice(0, 4).join(' ').replace(/-[a-z0-9]{10}-[a-z0-9]{5}|-[a-z0-9]{5} /, (match) => (match.endsWith(' ') ? '-ID ' : '-HASH-ID')));
    expect(table.filter(Boolean).toSorted()).toEqual(['db-0 1/1 Running 0', 'lost 0/1 ImagePullBackOff 0', 'web-HASH-ID 1/1 Running 0', 'web-HASH-ID 1/1 Running 0', 'work-ID 0/1 Completed 0']);
    expect(await kubectl('logs', 'job/work', '-c', 'first')).toBe('I am first\n');
    expect(await kubectl('logs', 'job/work', '--all-containers', '--follow')).toContain('I am main\n');
    expect((await kubectl('get', 'pvc,pv', '--no-headers')).match(/Bound/g)).toHaveLength(2);
    expect((await kubectl('get', 'nodes', '--no-headers')).split(/\s+/).slice(0, 2)).toEqual(['test', 'Ready']);
    await eventually(async () => {
      const described = await kubectl('describe', 'pod', 'lost');
      expect(described).toMatch(/Normal\s+Scheduled .* Successfully assigned default\/lost to test/);
      expect(described).toMatch(/Warning\s+Failed .* node test does not know image "example.com\/lost:v1"/);
    });
    await kubectl('set', 'image', 'deployment/web', 'main=v2');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=10s');
    expect((await kubectl('rollout', 'history', 'deployment/web')).match(/^\d+ /gm)).toEqual(['1 ', '2 ']);
    await kubectl('rollout', 'undo', 'deployment/web');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=10s');
    expect(await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')).toBe('v1');
    await kubectl('delete', 'deployment/web', 'statefulset/db', 'job/work', 'pod/lost', '--cascade=foreground', '--timeout=15s');
    expect(await kubectl('get', 'pods', '-o', 'name')).toBe('');
  });

  it('creates, gets and describes an Ingress', async () => {
    await using world = await startWorld({ listen: true, ingress: { host: '127.0.0.1', port: 0 } });
    const kubeconfig = await world.plane.kubeconfig();
    const classes = 'apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: { name: plinth }\nspec: { controller: plinth.local/ingress-controller }\n';
    const kubectl = async (...args: readonly string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await runKubectl(args, { kubeconfig, version, stdin: classes });
      expect(`${exitCode} ${stderr}`).toBe('0 ');
      return stdout;
    };
    await kubectl('apply', '-f', '-');
    await kubectl('create', 'ingress', 'web', '--class=plinth', '--rule=web.localhost/api*=web:http', '--default-backend=all:80');
    expect(await kubectl('get', 'ingress', 'web', '-o', 'jsonpath={.spec}')).toBe(
      '{"defaultBackend":{"service":{"name":"all","port":{"number":80}}},"ingressClassName":"plinth","rules":[{"host":"web.localhost","http":{"paths":[{"backend":{"service":{"name":"web","port":{"name":"http"}}},"path":"/api","pathType":"Prefix"}]}}]}',
    );
    await kubectl('wait', '--for=jsonpath={.status.loadBalancer.ingress[0].ip}=127.0.0.1', 'ingress/web', '--timeout=10s');
    expect((await kubectl('get', 'ing', '--no-headers')).split(/\s+/).slice(0, 5)).toEqual(['web', 'plinth', 'web.localhost', '127.0.0.1', '80']);
    expect(await kubectl('describe', 'ingress', 'web')).toMatch(/Ingress Class:\s+plinth[\s\S]*web\.localhost\s+\/api\s+web:http/);
    expect((await kubectl('get', 'ingressclasses', '--no-headers')).split(/\s+/).slice(0, 3)).toEqual(['plinth', 'plinth.local/ingress-controller', '<none>']);
  });
});
