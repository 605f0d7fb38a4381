import { configMaps, pods, secrets, type ConfigMap, type Pod, type Secret } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually, tempDir } from '@plinth/testing';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngineApi, expectCall } from '../src/runtime/container/engine-api.ts';
import { NODE_LABEL } from '../src/runtime/container/container-config.ts';
import { removeLeftContainers } from '../src/runtime/container/run-container.ts';
import { startTestEngine } from './test-engine.ts';
import { startWorld, type World } from './world.ts';

const engine = await startTestEngine();
if (typeof engine === 'string') console.warn(`containers are not tested: ${engine}`);
afterAll(async () => {
  if (typeof engine !== 'string') await engine[Symbol.asyncDispose]();
});

const pod = (name: string, containers: readonly object[], spec: object = {}): Pod =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'default', name }, spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers, ...spec } }) as KubeObject as Pod;

const logOf = async ({ plane: { client } }: World, name: string, container = 'main'): Promise<unknown> => (await client.request({ method: 'GET', path: `/api/v1/namespaces/default/pods/${name}/log`, query: { container } })).body;
const ended = (world: World, name: string): Promise<Pod> =>
  eventually(async () => {
    const found = await world.plane.client.get<Pod>(pods, { namespace: 'default', name });
    expect(['Succeeded', 'Failed']).toContain(found.status?.phase);
    return found;
  }, { timeoutMs: 20_000 });

describe.skipIf(typeof engine === 'string')('a container of the machine\'s engine', () => {
  const { socket, image } = engine as Exclude<typeof engine, string>;
  const containersLeft = async (): Promise<number> => ((await expectCall(createEngineApi(socket), { method: 'GET', path: '/containers/json', query: { all: 'true' } })).body as readonly unknown[]).length;

  it('gets its volumes, environment, command and rights, and its log and exit code come back', async () => {
    await using world = await startWorld({ engineSockets: ['/nowhere.sock', socket], catalogue: (name) => (name === 'tool' ? { runtime: 'host' } : undefined) });
    const { client } = world.plane;
    await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: 'settings' }, data: { colour: 'green' } } as ConfigMap);
    await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'login' }, stringData: { password: 'pw' } } as unknown as Secret);
    const volumeMounts = [{ name: 'out', mountPath: '/kratix/output' }, { name: 'settings', mountPath: '/settings', readOnly: true }];
    await client.create(
      pods,
      pod(
        'whole',
        [{ name: 'main', image, args: ['cat /kratix/output/file; exit 3'], volumeMounts }],
        {
          volumes: [{ name: 'out', emptyDir: {} }, { name: 'settings', configMap: { name: 'settings' } }],
          initContainers: [
            {
              name: 'write', image, imagePullPolicy: 'Never', command: ['/bin/sh', '-c'], workingDir: '/kratix',
              args: ['pwd; echo "$(NAME) $PASSWORD $(cat /settings/colour) $(id -u)" > output/file; touch /settings/x || echo read-only; echo oops >&2'],
              env: [{ name: 'NAME', value: 'ann' }, { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } }],
              volumeMounts, securityContext: { runAsUser: 1234, capabilities: { drop: ['ALL'] }, allowPrivilegeEscalation: false },
            },
          ],
        },
      ),
    );
    const found = await ended(world, 'whole');
    expect(await logOf(world, 'whole')).toBe('ann pw green 1234\n');
    // Two streams come in any order.
    expect(String(await logOf(world, 'whole', 'write')).split('\n').toSorted()).toEqual(['', '/kratix', 'oops', 'read-only', 'touch: /settings/x: Read-only file system']);
    expect(found.status!.containerStatuses![0]!.state!.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    await eventually(async () => expect(await containersLeft()).toBe(0));
  });

  it('runs what its image runs, is asked to end, and leaves nothing behind', async () => {
    await using world = await startWorld({ engineSockets: [socket] });
    const { client } = world.plane;
    await client.create(pods, pod('plain', [{ name: 'main', image, imagePullPolicy: 'IfNotPresent' }]));
    await ended(world, 'plain');
    expect(await logOf(world, 'plain')).toBe('entrypoint\n');
    await client.create(pods, pod('long', [{ name: 'main', image, args: ['trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.1; done'] }]));
    await eventually(async () => expect(await logOf(world, 'long')).toBe('up\n'), { timeoutMs: 10_000 });
    await client.delete(pods, { namespace: 'default', name: 'long' });
    await eventually(async () => expect(await client.find(pods, { namespace: 'default', name: 'long' })).toBeUndefined(), { timeoutMs: 10_000 });
    await eventually(async () => expect(await containersLeft()).toBe(0));
  });

  it('is removed when a node that ended without a word left it running', async () => {
    const api = createEngineApi(socket);
    for (const node of ['crashed', 'other']) {
      await expectCall(api, { method: 'POST', path: '/containers/create', query: { name: `left-by-${node}` }, body: { Image: image, Cmd: ['sleep 60'], Labels: { [NODE_LABEL]: node }, HostConfig: { NetworkMode: 'host' } } });
      await expectCall(api, { method: 'POST', path: `/containers/left-by-${node}/start` });
    }
    await removeLeftContainers(api, 'crashed');
    expect(await containersLeft()).toBe(1);
    await removeLeftContainers(api, 'other');
    expect(await containersLeft()).toBe(0);
  });

  it('is ended at its deadline', async () => {
    await using world = await startWorld({ engineSockets: [socket] });
    await world.plane.client.create(pods, pod('slow', [{ name: 'main', image, args: ['trap "" TERM; while :; do sleep 1; done'] }], { activeDeadlineSeconds: 1 }));
    expect((await ended(world, 'slow')).status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    await eventually(async () => expect(await containersLeft()).toBe(0), { timeoutMs: 10_000 });
  });

  it('says what is wrong with an image, a command or what it asks for', async () => {
    await using world = await startWorld({ engineSockets: [socket] });
    const { client } = world.plane;
    await client.create(pods, pod('absent', [{ name: 'main', image: 'localhost/absent:v1', imagePullPolicy: 'Never' }]));
    await client.create(pods, pod('greedy', [{ name: 'main', image, securityContext: { privileged: true } }]));
    await client.create(pods, pod('root', [{ name: 'main', image, securityContext: { runAsNonRoot: true } }]));
    await client.create(pods, pod('typo', [{ name: 'main', image, command: ['/bin/no-such-command'] }]));
    const waiting = (name: string): Promise<unknown> =>
      eventually(async () => {
        const state = (await client.get<Pod>(pods, { namespace: 'default', name })).status?.containerStatuses?.[0]?.state;
        expect(state?.waiting?.reason).not.toBe('ContainerCreating');
        expect(state?.waiting?.message).toBeDefined();
        return `${state!.waiting!.reason}: ${state!.waiting!.message}`;
      }, { timeoutMs: 10_000 });
    expect(await waiting('absent')).toBe('ImagePullBackOff: Back-off pulling image "localhost/absent:v1": Container image "localhost/absent:v1" is not present with pull policy of Never');
    expect(await waiting('greedy')).toBe('CreateContainerConfigError: container main asks to be privileged, which would give it this machine; leave out securityContext.privileged');
    expect(await waiting('root')).toMatch(/^CreateContainerConfigError: container has runAsNonRoot and image will run as root \(pod: "root_default/);
    expect((await ended(world, 'typo')).status!.containerStatuses![0]!.state!.terminated).toMatchObject({ exitCode: 128, reason: 'StartError', message: expect.stringContaining('no-such-command') as string });
  });
});

it('waits for an engine with an image that nothing else runs, and says where one was looked for', async () => {
  await using world = await startWorld({ engineSockets: ['/nowhere/docker.sock'] });
  await world.plane.client.create(pods, pod('lost', [{ name: 'main', image: 'example.com/lost:v1' }]));
  await eventually(async () => {
    const state = (await world.plane.client.get<Pod>(pods, { namespace: 'default', name: 'lost' })).status?.containerStatuses?.[0]?.state;
    expect(state?.waiting?.reason).toBe('ImagePullBackOff');
    expect(state?.waiting?.message).toContain('has no container engine (/nowhere/docker.sock is not there). Start Docker or Podman, add the image to the catalogue');
  });
});

it('can be deleted, and its node stopped, while its image is being pulled', async () => {
  await using dir = await tempDir();
  const pulled: string[] = [];
  await using server = createServer((request, response) => {
    const path = request.url!.replace(/^\/v[\d.]+|\?.*$/g, '');
    // A registry that does not answer.
    if (path === '/images/create') return void pulled.push(new URL(request.url!, 'http://engine').searchParams.get('fromImage')!);
    return void response.end('[]');
  }).listen(join(dir.path, 'engine.sock'));
  const world = await startWorld({ engineSockets: [join(dir.path, 'engine.sock')] });
  const { client } = world.plane;
  try {
    for (const name of ['one', 'two']) await client.create(pods, pod(name, [{ name: 'main', image: `example.com/${name}` }]));
    await eventually(() => expect(pulled.toSorted()).toEqual(['example.com/one', 'example.com/two']));
    await client.delete(pods, { namespace: 'default', name: 'one' });
    await eventually(async () => expect(await client.find(pods, { namespace: 'default', name: 'one' })).toBeUndefined());
  } finally {
    await world[Symbol.asyncDispose]();
    server.closeAllConnections();
  }
});
