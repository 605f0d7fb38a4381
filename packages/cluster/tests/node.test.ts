import { configMaps, coreEvents, pods, secrets, type ConfigMap, type Pod, type Secret } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ContainerStopped, type Program, type ProgramContext } from '../src/index.ts';
import { forever, programs, succeed } from './programs.ts';
import { startWorld, type World } from './world.ts';

const key = { namespace: 'default', name: 'one' };
const pod = (spec: object): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { ...key, labels: { app: 'one' } }, spec }) as KubeObject as Pod;
const now = ({ plane }: World): Promise<Pod> => plane.client.get<Pod>(pods, key);
const log = async ({ plane }: World, query: Readonly<Record<string, string>> = {}): Promise<unknown> =>
  (await plane.client.request({ method: 'GET', path: '/api/v1/namespaces/default/pods/one/log', query })).body;
const ready = async (world: World): Promise<string | undefined> => (await now(world)).status?.conditions?.find(({ type }) => type === 'Ready')?.status;
const events = async ({ plane }: World): Promise<readonly string[]> =>
  (await plane.client.list(coreEvents, { namespace: 'default' })).items.map((event) => `${String(event['type'])} ${String(event['reason'])}: ${String(event['message'])}`);

describe('a pod', () => {
  it('waits with a reason when no runtime knows its image, and starts when it gets another', async () => {
    await using world = await startWorld({ catalogue: programs({ known: forever }) });
    await world.plane.client.create(pods, pod({ containers: [{ name: 'main', image: 'nginx:1.29' }] }));
    await eventually(async () => {
      const status = (await now(world)).status!;
      expect(status.phase).toBe('Pending');
      expect(status.containerStatuses?.[0]?.state?.waiting?.reason).toBe('ImagePullBackOff');
      expect(status.containerStatuses?.[0]?.state?.waiting?.message).toMatch(/^Back-off pulling image "nginx:1.29": node test does not know image "nginx:1.29"/);
    });
    await eventually(async () => expect(await events(world)).toContainEqual(expect.stringMatching(/^Warning Failed: Failed to pull image "nginx:1.29"/)));
    await world.plane.client.patch(pods, key, 'strategic', { spec: { containers: [{ name: 'main', image: 'known' }] } });
    await eventually(async () => expect((await now(world)).status?.phase).toBe('Running'));
  });

  it('gives containers the environment that it describes', async () => {
    const seen = Promise.withResolvers<ProgramContext>();
    await using world = await startWorld({
      apiAddress: { host: '127.0.0.1', port: 16443 },
      catalogue: programs({ show: async (context) => (seen.resolve(context), 0) }),
    });
    const { client } = world.plane;
    await client.create<Secret>(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'credentials' }, data: { password: Buffer.from('s3cret').toString('base64') } });
    await client.create<ConfigMap>(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: 'settings' }, data: { COLOUR: 'blue', SIZE: 'large' } });
    await client.create(
      pods,
      pod({
        restartPolicy: 'Never',
        containers: [
          {
            name: 'main',
            image: 'show',
            command: ['serve'],
            args: ['--user=$(USER_NAME)', '$$(LITERAL)', '$(UNKNOWN)'],
            resources: { limits: { memory: '64Mi', cpu: '1500m' } },
            envFrom: [{ prefix: 'S_', configMapRef: { name: 'settings' } }],
            env: [
              { name: 'USER_NAME', value: 'ann' },
              { name: 'URL', value: 'pg://$(USER_NAME):$(PASSWORD)@db' },
              { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'credentials', key: 'password' } } },
              { name: 'DSN', value: '$(USER_NAME):$(PASSWORD)' },
              { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
              { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
              { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
              { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
              { name: 'MAYBE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'none', optional: true } } },
            ],
          },
        ],
      }),
    );
    const { env, args, command, podIP } = await seen.promise;
    expect(env).toMatchObject({
      S_COLOUR: 'blue', S_SIZE: 'large', USER_NAME: 'ann', URL: 'pg://ann:$(PASSWORD)@db', PASSWORD: 's3cret', DSN: 'ann:s3cret', POD: 'one', IP: podIP, APP: 'one', MEMORY: '64', CPU: '2',
      HOSTNAME: 'one', KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '16443',
    });
    expect(env).not.toHaveProperty('MAYBE');
    expect([...command, ...args]).toEqual(['serve', '--user=ann', '$(LITERAL)', '$(UNKNOWN)']);
    await eventually(async () => expect((await now(world)).status?.phase).toBe('Succeeded'));
  });

  it('waits for a Secret that is missing and starts as soon as it is there', async () => {
    await using world = await startWorld({ catalogue: programs({ forever }) });
    const { client } = world.plane;
    await client.create(
      pods,
      pod({
        containers: [
          { name: 'env', image: 'forever', env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'late', key: 'x' } } }] },
          { name: 'file', image: 'forever' },
        ],
      }),
    );
    await eventually(async () => {
      const statuses = (await now(world)).status?.containerStatuses;
      expect(statuses?.map(({ state }) => state?.waiting?.reason ?? 'Running')).toEqual(['CreateContainerConfigError', 'Running']);
      expect(statuses?.[0]?.state?.waiting?.message).toBe('secret "late" not found');
    });
    await client.create<Secret>(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'late' }, data: { x: 'eA==' } });
    await eventually(async () => expect(await ready(world)).toBe('True'));
  });

  it('shows objects of the API as files, and their changes', async () => {
    const dir = Promise.withResolvers<string>();
    await using world = await startWorld({ catalogue: programs({ show: (context) => (dir.resolve(context.mounts.get('/etc/all')!), forever(context)) }) });
    const { client } = world.plane;
    const config = { namespace: 'default', name: 'settings' };
    await client.create<ConfigMap>(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: config, data: { 'a.txt': 'one', 'b.txt': 'two' } });
    await client.create(
      pods,
      pod({
        containers: [{ name: 'main', image: 'show', volumeMounts: [{ name: 'all', mountPath: '/etc/all' }] }],
        volumes: [{ name: 'all', projected: { sources: [
          { configMap: { name: 'settings', items: [{ key: 'a.txt', path: 'config/a' }] } },
          { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        ] } }],
      }),
    );
    const root = await dir.promise;
    expect(readFileSync(join(root, 'config/a'), 'utf8')).toBe('one');
    expect(readFileSync(join(root, 'labels'), 'utf8')).toBe('app="one"');
    expect(existsSync(join(root, 'b.txt'))).toBe(false);
    await client.patch(configMaps, config, 'merge', { data: { 'a.txt': 'three' } });
    await eventually(() => expect(readFileSync(join(root, 'config/a'), 'utf8')).toBe('three'));
  });

  it('is refused the files of the machine', async () => {
    await using world = await startWorld({ catalogue: programs({ succeed }) });
    await world.plane.client.create(pods, pod({ containers: [{ name: 'main', image: 'succeed', volumeMounts: [{ name: 'etc', mountPath: '/x' }] }], volumes: [{ name: 'etc', hostPath: { path: '/etc' } }] }));
    await eventually(async () => expect(await events(world)).toContainEqual(expect.stringMatching(/^Warning FailedMount: MountVolume.SetUp failed for volume "etc" : hostPath "\/etc" is refused/)));
    expect((await now(world)).status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('ContainerCreating');
  });

  it('is ready when its program says so and its probe agrees', async () => {
    let healthy = true;
    const server = createServer((_request, response) => response.writeHead(healthy ? 200 : 503).end());
    const say = Promise.withResolvers<ProgramContext['setReady']>();
    const serve: Program = (context) => {
      context.setReady(false);
      say.resolve(context.setReady);
      server.listen({ host: context.podIP, port: 8008 });
      return forever(context).finally(() => server.close());
    };
    await using world = await startWorld({ catalogue: programs({ serve }) });
    await world.plane.client.create(
      pods,
      pod({ containers: [{ name: 'main', image: 'serve', ports: [{ name: 'http', containerPort: 8008 }], readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1, failureThreshold: 1 } }] }),
    );
    await eventually(async () => expect((await now(world)).status?.phase).toBe('Running'));
    expect(await ready(world)).toBe('False');
    (await say.promise)(true);
    await eventually(async () => expect(await ready(world)).toBe('True'));
    healthy = false;
    await eventually(async () => expect(await ready(world)).toBe('False'));
    await eventually(async () => expect(await events(world)).toContain('Warning Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503'));
  });

  it('restarts a container that does not pass its liveness probe', async () => {
    let runs = 0;
    await using world = await startWorld({ catalogue: programs({ deaf: (context) => ((runs += 1), forever(context).then(() => 143)) }) });
    await world.plane.client.create(
      pods,
      pod({ terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'deaf', livenessProbe: { tcpSocket: { port: 9 }, periodSeconds: 1, failureThreshold: 1 } }] }),
    );
    await eventually(() => expect(runs).toBeGreaterThanOrEqual(2));
    await eventually(async () => expect(await events(world)).toContain('Normal Killing: Container main failed liveness probe, will be restarted'));
    await eventually(async () => expect((await now(world)).status?.containerStatuses?.[0]?.restartCount).toBeGreaterThanOrEqual(1));
  });

  it('prints its logs: all, the end of them, with times, those of the run before, and as they come', async () => {
    let runs = 0;
    const more = Promise.withResolvers<void>();
    await using world = await startWorld({
      catalogue: programs({
        talk: async (context) => {
          runs += 1;
          context.log(`run ${runs}`);
          if (runs === 1) return 1;
          context.log('line 2\nline 3');
          await more.promise;
          context.log('line 4');
          return forever(context);
        },
      }),
    });
    await world.plane.client.create(pods, pod({ containers: [{ name: 'main', image: 'talk' }] }));
    await eventually(async () => expect(await log(world)).toBe('run 2\nline 2\nline 3\n'));
    expect(await log(world, { tailLines: '1' })).toBe('line 3\n');
    expect(await log(world, { previous: 'true' })).toBe('run 1\n');
    expect(await log(world, { timestamps: 'true', tailLines: '1' })).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 3\n$/);
    more.resolve();
    await eventually(async () => expect(await log(world, { tailLines: '1' })).toBe('line 4\n'));
    await expect(log(world, { container: 'nobody' })).resolves.toMatchObject({ reason: 'BadRequest' });
  });

  it('stops its programs in order when it is deleted: a reason, a grace period, then the object goes', async () => {
    const reason = Promise.withResolvers<unknown>();
    const polite: Program = async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      reason.resolve(signal.reason);
      return 0;
    };
    await using world = await startWorld({ catalogue: programs({ polite, stubborn: () => new Promise(() => {}) }) });
    const { client } = world.plane;
    await client.create(pods, pod({ terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'polite' }, { name: 'second', image: 'stubborn' }] }));
    await eventually(async () => expect(await ready(world)).toBe('True'));
    const { uid } = (await now(world)).metadata;
    await client.delete(pods, key);
    expect(await reason.promise).toBeInstanceOf(ContainerStopped);
    expect(await reason.promise).toMatchObject({ reason: 'PodDeleted', graceMs: 1000 });
    expect((await now(world)).metadata.deletionTimestamp).toBeDefined();
    await eventually(async () => expect(await client.find(pods, key)).toBeUndefined());
    expect(existsSync(join(world.dataDir, 'pods', uid!))).toBe(false);
  });

  it('has the time that the shortest request leaves it, also when that comes during its preStop', async () => {
    await using world = await startWorld({ catalogue: programs({ stubborn: () => new Promise(() => {}) }) });
    const { client } = world.plane;
    await client.create(pods, pod({ containers: [{ name: 'main', image: 'stubborn', lifecycle: { preStop: { sleep: { seconds: 1 } } } }] }));
    await eventually(async () => expect(await ready(world)).toBe('True'));
    await client.delete(pods, key, { gracePeriodSeconds: 60 });
    await eventually(async () => expect(await events(world)).toContainEqual('Normal Killing: Stopping container main'));
    await client.delete(pods, key, { gracePeriodSeconds: 1 });
    await eventually(async () => expect(await client.find(pods, key)).toBeUndefined(), { timeoutMs: 10_000 });
  });

  it('has its address for itself, also when a pod that had it before is deleted', async () => {
    await using world = await startWorld({ catalogue: programs({ forever, succeed }), podCidr: '127.29.0.0/30' });
    const { client } = world.plane;
    const started = async (name: string, image: string): Promise<Pod> => {
      const { metadata, ...rest } = pod({ restartPolicy: 'Never', containers: [{ name: 'main', image }] });
      await client.create(pods, { ...rest, metadata: { ...metadata, name } });
      return eventually(async () => {
        const found = await client.get<Pod>(pods, { ...key, name });
        expect(found.status?.phase).toMatch(image === 'forever' ? /Running|Failed/ : /Succeeded/);
        return found;
      });
    };
    const before = (await started('before', 'succeed')).status!.podIP;
    const addresses: (string | undefined)[] = [];
    let last: Pod;
    while ((last = await started(`pod-${addresses.length}`, 'forever')).status!.phase === 'Running') addresses.push(last.status!.podIP);
    expect(last.status).toMatchObject({ reason: 'OutOfAddresses' });
    expect(addresses).toContain(before);
    await client.delete(pods, { ...key, name: 'before' });
    await eventually(async () => expect(await client.find(pods, { ...key, name: 'before' })).toBeUndefined());
    expect((await started('more', 'forever')).status).toMatchObject({ phase: 'Failed', reason: 'OutOfAddresses' });
  });

  it('runs on after a restart of the node agent, as one restart, at the same address and with the same state', async () => {
    const seen: { dir: string; ip: string }[] = [];
    await using world = await startWorld({ catalogue: programs({ serve: (context) => (seen.push({ dir: context.stateDir, ip: context.podIP }), forever(context)) }) });
    await world.plane.client.create(pods, pod({ containers: [{ name: 'main', image: 'serve' }] }));
    await eventually(async () => expect(await ready(world)).toBe('True'));
    await world.restart();
    await eventually(async () => {
      expect(await ready(world)).toBe('True');
      expect((await now(world)).status?.containerStatuses?.[0]).toMatchObject({ restartCount: 1, lastState: { terminated: { reason: 'ContainerStatusUnknown', exitCode: 137 } } });
    });
    expect(seen).toHaveLength(2);
    expect(seen[1]).toEqual(seen[0]);
  });

  it('counts no restart when the program finds its process still running', async () => {
    const resume: Program = (context) => {
      if (existsSync(join(context.stateDir, 'pid'))) context.resumed?.();
      return forever(context);
    };
    const first: Program = (context) => import('node:fs').then(({ writeFileSync }) => (writeFileSync(join(context.stateDir, 'pid'), '1'), forever(context)));
    await using world = await startWorld({ catalogue: programs({ serve: first }) });
    await world.plane.client.create(pods, pod({ containers: [{ name: 'main', image: 'serve' }] }));
    await eventually(async () => expect(await ready(world)).toBe('True'));
    const before = (await now(world)).status!.containerStatuses![0]!.state;
    await world.restart({ catalogue: programs({ serve: resume }) });
    await eventually(async () => {
      expect((await now(world)).status?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, ready: true, state: before });
    });
  });

  it('lets its programs clean up when it was deleted, by force even, while no agent was running', async () => {
    for (const force of [false, true]) {
      const seen = ({ stateDir, mounts, env }: ProgramContext): object => ({ stateDir, data: mounts.get('/data'), name: env['NAME'] });
      const cleaned = Promise.withResolvers<unknown>();
      let dir = '';
      let before: unknown;
      await using world = await startWorld({ catalogue: programs({ serve: (context) => ((before = seen(context)), (dir = context.stateDir), forever(context)) }) });
      const { client } = world.plane;
      await client.create<Secret>(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'password' }, data: { x: 'eA==' } });
      await client.create(
        pods,
        pod({
          containers: [{ name: 'main', image: 'serve', volumeMounts: [{ name: 'data', mountPath: '/data' }], env: [{ name: 'NAME', value: 'db' }, { name: 'X', valueFrom: { secretKeyRef: { name: 'password', key: 'x' } } }] }],
          volumes: [{ name: 'data', emptyDir: {} }],
        }),
      );
      await eventually(async () => expect(await ready(world)).toBe('True'));
      await world.restart({
        catalogue: programs({ serve: async (context) => (cleaned.resolve(context.signal.aborted ? seen(context) : 'started anew'), 0) }),
        beforeStart: () => Promise.all([client.delete(secrets, { namespace: 'default', name: 'password' }), client.delete(pods, key, force ? { gracePeriodSeconds: 0 } : {})]),
      });
      expect(await cleaned.promise).toEqual(before);
      await eventually(async () => expect(await client.find(pods, key)).toBeUndefined());
      await eventually(() => expect(existsSync(dir)).toBe(false));
    }
  });
});
