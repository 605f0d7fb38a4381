import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:tls';
import { configMaps } from '@plinth/api';
import type { KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import { startControlPlane, type ControlPlane } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let plane: ControlPlane;
let credentials: Pick<RequestOptions, 'cert' | 'key' | 'ca'>;
beforeAll(async () => {
  plane = await startControlPlane({ listen: true, server: { serviceCIDR: '127.77.128.0/24' } });
  const pair = await plane.pki.client({ user: 'admin', groups: ['system:masters'] });
  credentials = { cert: pair.cert, key: pair.key, ca: plane.pki.caCert };
});
afterAll(() => plane[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly body: UnstructuredObject & { readonly message: string; readonly reason: string };
}

const maps = '/api/v1/namespaces/default/configmaps';

/** One request with exactly these bytes. `write` gets the open request and decides how to send its body. */
function send(method: string, path: string, options: { headers?: Record<string, string>; body?: string | Buffer; write?: (request: ReturnType<typeof httpsRequest>) => void; anonymous?: boolean } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(plane.url + path, { method, agent: false, headers: options.headers, ...(options.anonymous ? { ca: plane.pki.caCert } : credentials) }, (message) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = String(message.headers['content-type']).startsWith('application/json');
        resolve({ status: message.statusCode ?? 0, headers: message.headers, text, body: (isJson ? JSON.parse(text) : {}) as Answer['body'] });
        request.destroy();
      });
    });
    request.on('error', reject);
    if (options.write) options.write(request);
    else request.end(options.body);
  });
}
const json = { 'content-type': 'application/json' };
const yaml = { 'content-type': 'application/yaml' };

describe('bodies', () => {
  test('are JSON or YAML', async () => {
    const made = await send('POST', maps, { headers: yaml, body: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\ndata:\n  a: "1"\n' });
    expect([made.status, made.body['data']]).toEqual([201, { a: '1' }]);
    const other = await send('POST', maps, { headers: { 'content-type': 'application/cbor' }, body: 'x' });
    expect([other.status, other.body.reason]).toEqual([415, 'UnsupportedMediaType']);
  });

  test('of 100 MB are refused within a second and without being read', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const started = performance.now();
    const announced = await send('POST', maps, { headers: { ...json, 'content-length': String(100 * 1024 * 1024) }, write: (request) => request.flushHeaders() });
    expect([announced.status, announced.body.reason]).toEqual([413, 'RequestEntityTooLarge']);
    const chunk = Buffer.alloc(64 * 1024, 0x20);
    const chunked = await send('POST', maps, {
      headers: { ...json, 'transfer-encoding': 'chunked' },
      write: (request) => {
        let left = 1_600;
        const more = (): void => {
          while (left > 0 && !request.destroyed) {
            left -= 1;
            if (!request.write(chunk)) return void request.once('drain', more);
          }
        };
        more();
      },
    });
    expect(chunked.status).toBe(413);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
    expect((await send('GET', '/readyz')).text).toBe('ok');
  });

  test('that end early, or are no JSON, are a 400 that does not repeat them', async () => {
    for (const body of ['{"apiVersion":"v1","data":{"password":"hunter2"', '{"password": hunter2}', '']) {
      const reply = await send('POST', maps, { headers: json, body });
      expect(reply.status).toBe(400);
      expect(reply.text).not.toContain('hunter2');
    }
    expect((await send('POST', maps, { headers: json, body: '{"a":' })).body.message).toBe('the body of the request is not valid JSON: it ends early, after 5 characters');
  });

  test('that are announced longer than they are, are a 400 as soon as the client has ended', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      let received = '';
      const socket = connect({ port: Number(new URL(plane.url).port), host: '127.0.0.1', ...credentials }, () => {
        socket.end(`POST ${maps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"kind":"C`);
      });
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.on('error', reject);
      socket.on('close', () => resolve(received));
    });
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect(text).toContain('"message":"the body of the request ended early"');
  });

  test('that are deep, or grow when they are read, are a 400', async () => {
    const deep = await send('POST', maps, { headers: json, body: `{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}` });
    expect(deep.status).toBe(400);
    const laughs = Array.from({ length: 12 }, (_, index) => (index === 0 ? 'l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]' : `l${index}: &l${index} [${Array.from({ length: 10 }, () => `*l${index - 1}`).join(', ')}]`));
    const started = performance.now();
    const billion = await send('POST', maps, { headers: yaml, body: laughs.join('\n') });
    expect(billion.status).toBe(400);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test('name a key twice: strict validation refuses, otherwise the last one counts with a warning', async () => {
    const body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}';
    const strict = await send('POST', `${maps}?fieldValidation=Strict`, { headers: json, body });
    expect([strict.status, strict.body.message]).toEqual([400, 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a"']);
    const made = await send('POST', maps, { headers: json, body });
    expect([made.status, made.body['data'], made.headers['warning']]).toEqual([201, { a: '2' }, '299 - "duplicate field \\"data.a\\""']);
  });

  test('hold one object of at most 3 MiB', async () => {
    const data = { a: 'x'.repeat(3 * 1024 * 1024 + 10) };
    const reply = await send('POST', maps, { headers: json, body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'large' }, data }) });
    expect(reply.status).toBe(413);
  });
});

describe('answers', () => {
  test('are 401 without a credential that is known', async () => {
    const reply = await send('GET', '/api/v1/pods', { headers: { authorization: 'Bearer nonsense' }, anonymous: true });
    expect([reply.status, reply.body]).toEqual([401, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 }]);
  });

  test('are 406 in a form that we do not speak, so that clients fall back', async () => {
    expect((await send('GET', '/api', { headers: { accept: 'application/cbor' } })).status).toBe(406);
    expect((await send('GET', '/api', { headers: { accept: 'application/vnd.kubernetes.protobuf,application/json' } })).status).toBe(200);
  });

  test('to a path that nothing is behind, and to a method that it does not take', async () => {
    expect(await send('GET', '/apis/none.example.com/v1/things')).toMatchObject({ status: 404, body: { message: 'the server could not find the requested resource' } });
    expect(await send('PUT', '/api/v1/namespaces/default/pods')).toMatchObject({ status: 405, body: { reason: 'MethodNotAllowed' } });
    expect(await send('GET', '/api/v1/namespaces/default/pods/%2e%2e%2fx')).toMatchObject({ status: 400 });
    expect(await send('GET', '/api/v1/namespaces/default/pods/%zz')).toMatchObject({ status: 400 });
  });

  test('list stored bytes with their versions, as objects read one by one have them', async () => {
    await plane.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'unicode', namespace: 'default', labels: { only: 'me' } }, data: { key: 'ü "quoted" \\ \u{1F600}' } } as KubeObject);
    const { body } = await send('GET', `${maps}?labelSelector=only%3Dme`);
    const one = await send('GET', `${maps}/unicode`);
    expect(body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', items: [one.body] });
  });

  test('are tables when asked, with the metadata of the objects', async () => {
    const { body } = await send('GET', '/api/v1/namespaces', { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
    expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    const rows = body['rows'] as { cells: unknown[]; object: UnstructuredObject }[];
    expect(rows[0]).toMatchObject({ cells: ['default', 'Active', expect.stringMatching(/^\d+s$/)], object: { kind: 'PartialObjectMetadata', metadata: { name: 'default' } } });
  });

  test('to a watch come as lines, and end with the client', async () => {
    const lines: string[] = [];
    const from = plane.store.revision;
    const request = httpsRequest(`${plane.url}${maps}?watch=1&resourceVersion=${from}`, { agent: false, ...credentials }, (message) => {
      message.setEncoding('utf8').on('data', (text: string) => lines.push(text));
    });
    request.end();
    await plane.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'watched', namespace: 'default' } });
    await expect.poll(() => lines.join('')).toContain('\n');
    const event = JSON.parse(lines.join('').trim()) as { type: string; object: UnstructuredObject };
    expect([event.type, event.object.metadata.name, event.object.metadata.resourceVersion]).toEqual(['ADDED', 'watched', String(from + 1)]);
    request.destroy();
  });

  test('discovery says the same in both forms', async () => {
    const { body } = await send('GET', '/apis', { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } });
    const groups = body['items'] as { metadata: { name: string }; versions: { version: string; resources: { resource: string }[] }[] }[];
    const apps = groups.find(({ metadata }) => metadata.name === 'apps')!;
    expect(apps.versions[0]!.resources.map(({ resource }) => resource)).toContain('deployments');
    const plain = await send('GET', '/apis/apps/v1');
    const names = (plain.body['resources'] as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['deployments', 'deployments/status', 'deployments/scale']) as string[]);
    expect((await send('GET', '/version')).body).toMatchObject({ major: '1' });
  });

  test('OpenAPI documents are kept by their hash', async () => {
    const { body } = await send('GET', '/openapi/v3');
    const paths = body['paths'] as Record<string, { serverRelativeURL: string }>;
    const first = await send('GET', paths['apis/apps/v1']!.serverRelativeURL);
    expect(Object.keys((first.body['components'] as { schemas: object }).schemas)).toContain('io.k8s.api.apps.v1.Deployment');
    const again = await send('GET', paths['apis/apps/v1']!.serverRelativeURL, { headers: { 'if-none-match': first.headers.etag! } });
    expect(again.status).toBe(304);
  });
});

describe('impersonation', () => {
  test('acts as somebody else with that one\'s rights, for those who may', async () => {
    const reply = await send('GET', '/api/v1/secrets', { headers: { 'impersonate-user': 'ann' } });
    expect(reply).toMatchObject({ status: 403, body: { message: 'secrets is forbidden: User "ann" cannot list resource "secrets" in API group "" at the cluster scope' } });
    const review = await send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { headers: { ...json, 'impersonate-user': 'ann' }, body: '{}' });
    expect(review.body['status']).toMatchObject({ userInfo: { username: 'ann' } });
  });
});
