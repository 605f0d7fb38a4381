import { deployments, endpoints, ingressClasses, ingresses, pods, services, type Deployment, type Endpoints, type Ingress, type Pod } from '@plinth/api';
import { isInvalid, type KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { INGRESS_CONTROLLER, type Program } from '../src/index.ts';
import { programs } from './programs.ts';
import { startWorld, type World } from './world.ts';

const PORT = 8080;

/** Serves what `handle` says on the pod's address until it is told to stop, and then ends in order. */
const server = (handle: (name: string) => Server): Program => async (context) => {
  const listening = handle(context.pod.metadata.name);
  listening.listen({ host: context.podIP, port: PORT });
  if (!context.signal.aborted) await once(context.signal, 'abort');
  const closed = once(listening, 'close');
  listening.close();
  listening.closeIdleConnections();
  await closed;
  return 0;
};

const web = server((name) =>
  createServer((request, response) => {
    if (request.url === '/silent') return;
    if (request.url === '/broken') {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half');
      setImmediate(() => response.destroy());
      return;
    }
    response.setHeader('x-pod', name);
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    if (request.method === 'POST') request.pipe(response);
    else response.end(JSON.stringify({ headers: request.headers, url: request.url }));
  }).on('upgrade', (request, socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\nwelcome:`);
    socket.pipe(socket);
  }),
);

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(port: number, host: string, path = '/', options: { readonly method?: string; readonly body?: string; readonly agent?: Agent; readonly headers?: Record<string, string> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', body, agent = false, headers = {} } = options;
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers: { host, ...headers }, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function startWeb(image: string = 'web', responseTimeoutMs = 5000): Promise<World & { readonly port: number }> {
  const world = await startWorld({ catalogue: programs({ web, ['web:v2']: web }), ingress: { host: '127.0.0.1', port: 0, responseTimeoutMs } });
  const { client } = world.plane;
  await client.create(ingressClasses, { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'plinth' }, spec: { controller: INGRESS_CONTROLLER } });
  await client.create(deployments, deployment(image, 1));
  await client.create(services, { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'default', name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: PORT }] } } as KubeObject);
  await client.create(ingresses, ingress('web', 'web.default.localhost'));
  return Object.assign(world, { port: world.cluster.ingressPort! });
}

const deployment = (image: string, replicas: number): Deployment =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 5,
          containers: [{ name: 'web', image, readinessProbe: { httpGet: { port: PORT, path: '/' }, periodSeconds: 1 }, lifecycle: { preStop: { sleep: { seconds: 1 } } } }],
        },
      },
    },
  }) as KubeObject as Deployment;

const ingress = (name: string, host: string, service = 'web'): Ingress => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { namespace: 'default', name },
  spec: { ingressClassName: 'plinth', rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { name: 'http' } } } }] } }] },
});

const served = (port: number): Promise<Answer> =>
  eventually(async () => {
    const answer = await ask(port, 'web.default.localhost');
    expect(answer.status, answer.body).toBe(200);
    return answer;
  });

describe('an Ingress', () => {
  it('leads to the pods of its Service, says where it is served, and passes on what was asked and answered', async () => {
    await using world = await startWeb();
    const { client } = world.plane;
    const { headers } = await served(world.port);
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    await eventually(async () => expect((await client.get<Ingress>(ingresses, { namespace: 'default', name: 'web' })).status?.loadBalancer?.ingress).toEqual([{ ip: '127.0.0.1', ports: [{ port: world.port, protocol: 'TCP' }] }]));
    const seen = JSON.parse((await ask(world.port, `web.default.localhost:${world.port}`, '/x?y=1', { headers: { 'x-forwarded-for': '6.6.6.6', connection: 'x-hop', 'x-hop': 'secret' } })).body) as { headers: IncomingHttpHeaders; url: string };
    expect(seen.url).toBe('/x?y=1');
    expect(seen.headers).toMatchObject({ host: `web.default.localhost:${world.port}`, 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-port': String(world.port) });
    expect(seen.headers['x-hop']).toBeUndefined();
    const large = 'x'.repeat(3_000_000);
    expect((await ask(world.port, 'web.default.localhost', '/', { method: 'POST', body: large })).body).toBe(large);
  });

  it('says in clear text what is missing', async () => {
    await using world = await startWeb('web', 200);
    const { client } = world.plane;
    await served(world.port);
    expect(await ask(world.port, 'nobody.localhost', '/x')).toMatchObject({ status: 404, body: '404: no Ingress of this cluster has nobody.localhost/x\n' });
    await client.create(ingresses, ingress('gone', 'gone.default.localhost', 'gone'));
    await eventually(async () => expect(await ask(world.port, 'gone.default.localhost')).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, body: '503: there is no Service default/gone\n' }));
    expect(await ask(world.port, 'web.default.localhost', '/silent')).toMatchObject({ status: 504, body: expect.stringMatching(/^504: 127\.\d+\.\d+\.\d+:8080 did not answer within 0\.2 s\n$/) as string });
    // What breaks off is not passed on as if it were whole.
    await expect(ask(world.port, 'web.default.localhost', '/broken')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await client.create(ingresses, ingress('web-late', 'web.default.localhost'));
    await eventually(async () => {
      const { items } = await client.list<KubeObject & { reason: string; message: string }>({ group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true }, { namespace: 'default' });
      expect(items.filter(({ reason }) => reason === 'AddressTaken').map(({ message }) => message)).toEqual(['web.default.localhost/ is served for the Ingress default/web, which is older']);
    });
    await client.patch(deployments, { namespace: 'default', name: 'web' }, 'merge', { spec: { replicas: 0 } });
    await eventually(async () => expect(await ask(world.port, 'web.default.localhost')).toMatchObject({ status: 503, body: '503: no pod of the Service default/web is ready\n' }), { timeoutMs: 8000 });
  });

  it('passes on a WebSocket', async () => {
    const world = await startWeb();
    await served(world.port);
    const socket = connect({ host: '127.0.0.1', port: world.port });
    socket.write('GET /ws HTTP/1.1\r\nHost: web.default.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nearly ');
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => (received += text));
    await eventually(() => expect(received).toContain('early'));
    socket.write('and late');
    await eventually(() => expect(received).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n[\s\S]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\nwelcome:early and late$/));
    // It keeps nobody from stopping.
    const closed = once(socket, 'close');
    await world[Symbol.asyncDispose]();
    await closed;
  });

  it('answers every request while pods are rolled over, added, taken away and lost', async () => {
    await using world = await startWeb();
    const { client } = world.plane;
    await served(world.port);
    const agent = new Agent({ keepAlive: true });
    const wrong: string[] = [];
    const names = new Set<unknown>();
    let asked = 0;
    const stop = new AbortController();
    const poll = async (method: string, kept: boolean): Promise<void> => {
      while (!stop.signal.aborted) {
        asked += 1;
        const answer = await ask(world.port, 'web.default.localhost', '/', { method, ...(method === 'POST' ? { body: 'x' } : {}), ...(kept ? { agent } : {}) }).catch((error: Error) => ({ status: 0, body: error.message, headers: {} }) as Answer);
        names.add(answer.headers['x-pod']);
        if (answer.status !== 200) wrong.push(`${method} ${answer.status} ${answer.body}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const polls = [poll('GET', true), poll('GET', false), poll('POST', true)];
    const settled = (replicas: number, image: string): Promise<unknown> =>
      eventually(
        async () => {
          const { items } = await client.list<Pod>(pods, { namespace: 'default' });
          expect(items.map(({ spec }) => spec?.containers[0]?.image)).toEqual(Array.from({ length: replicas }, () => image));
          expect((await client.get<Endpoints>(endpoints, { namespace: 'default', name: 'web' })).subsets?.[0]?.addresses).toHaveLength(replicas);
        },
        { timeoutMs: 10_000 },
      );
    const change = (image: string, replicas: number): Promise<unknown> => client.patch(deployments, { namespace: 'default', name: 'web' }, 'merge', { spec: deployment(image, replicas).spec });
    await change('web', 3);
    await settled(3, 'web');
    await change('web:v2', 2);
    await settled(2, 'web:v2');
    const { items } = await client.list<Pod>(pods, { namespace: 'default' });
    await client.delete(pods, { namespace: 'default', name: items[0]!.metadata.name });
    await settled(2, 'web:v2');
    stop.abort();
    await Promise.all(polls);
    agent.destroy();
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(100);
    expect(names.size).toBeGreaterThan(3);
  }, 30_000);

  it('has no address while somebody else holds the port, and one as soon as it is free', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    await using world = await startWorld({ ingress: { host: '127.0.0.1', port } });
    const { client } = world.plane;
    await client.create(ingressClasses, { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'plinth' }, spec: { controller: INGRESS_CONTROLLER } });
    await client.create(ingresses, ingress('web', 'web.default.localhost'));
    const address = async (): Promise<unknown> => (await client.get<Ingress>(ingresses, { namespace: 'default', name: 'web' })).status?.loadBalancer;
    await eventually(async () => expect(await address()).toEqual({}));
    expect(world.cluster.ingressPort).toBeUndefined();
    holder.close();
    await eventually(async () => expect(await address()).toEqual({ ingress: [{ ip: '127.0.0.1', ports: [{ port, protocol: 'TCP' }] }] }));
    expect((await ask(port, 'web.default.localhost')).body).toBe('503: there is no Service default/web\n');
  });

  it('is refused when it makes no sense', async () => {
    await using world = await startWorld();
    const { client } = world.plane;
    const wrong = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { namespace: 'default', name: 'x' }, spec: { rules: [{ host: '127.0.0.1', http: { paths: [{ path: 'x', pathType: 'Prefix', backend: { service: { name: 'web' } } }] } }] } };
    const error = await client.create(ingresses, wrong as KubeObject).catch((reason: unknown) => reason);
    expect(isInvalid(error)).toBe(true);
    expect((error as Error).message).toMatch(/spec\.rules\[0\]\.host.*must be a DNS name, not an IP address.*path.*must be an absolute path.*port name or number is required/);
  });
});
