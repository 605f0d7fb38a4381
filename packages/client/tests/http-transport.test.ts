import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { ApiResource } from '@plinth/apimachinery';
import { leakCheck, startControlPlane } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

import { createClient, TransportError } from '../src/index.ts';
import { httpTransport, loadKubeconfig } from '../src/node/index.ts';

const configMaps: ApiResource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };

async function serve(listener: RequestListener): Promise<{ readonly server: Server; readonly url: string } & AsyncDisposable> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { server, url, [Symbol.asyncDispose]: stop };
}

const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'no failure', (error: unknown) => error);
const configMap = (name: string, data: Record<string, string> = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name }, data });

describe(httpTransport, () => {
  test('reads, writes and watches over TLS with a client certificate', async () => {
    await using _ = leakCheck();
    await using plane = await startControlPlane({ listen: true });
    using transport = httpTransport(await loadKubeconfig(await plane.kubeconfig()));
    const client = createClient(transport);
    const ended = new AbortController();
    const { metadata } = await client.list(configMaps, { namespace: 'default' });
    const events = client.watch(configMaps, { namespace: 'default', resourceVersion: metadata.resourceVersion, signal: ended.signal })[Symbol.asyncIterator]();
    const first = events.next();
    const made = await client.create(configMaps, configMap('a', { k: 'v' }));
    expect(await first).toEqual({ done: false, value: { type: 'ADDED', object: made } });
    await client.patch(configMaps, { namespace: 'default', name: 'a' }, 'merge', { data: { k: 'w' } });
    expect((await events.next()).value).toMatchObject({ type: 'MODIFIED', object: { data: { k: 'w' } } });
    await client.delete(configMaps, { namespace: 'default', name: 'a' });
    expect((await events.next()).value).toMatchObject({ type: 'DELETED' });
    expect(await client.find(configMaps, { namespace: 'default', name: 'a' })).toBeUndefined();
    const last = events.next();
    ended.abort();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  test('does not talk to a server whose certificate its authority has not signed', async () => {
    await using plane = await startControlPlane({ listen: true });
    await using other = await startControlPlane();
    using transport = httpTransport({ server: plane.url, ca: other.pki.caCert, token: 'very secret' });
    const error = (await failure(createClient(transport).list(configMaps))) as TransportError;
    expect(error).toBeInstanceOf(TransportError);
    expect([error.kind, error.shouldRetry()]).toEqual(['untrusted', false]);
    expect(JSON.stringify([error.message, error, String(error.cause)])).not.toContain('very secret');
  });

  test('says that nobody listens', async () => {
    const { url, server } = await serve(() => {});
    await new Promise((resolve) => server.close(resolve));
    using transport = httpTransport({ server: url });
    const error = (await failure(transport.request({ method: 'GET', path: '/version' }))) as TransportError;
    expect([error.kind, error.shouldRetry()]).toEqual(['unreachable', true]);
    expect(error.message).toBe(`GET ${url}/version: connect ECONNREFUSED ${url.slice('http://'.length)}`);
  });

  test('gives up on a reply that does not come, or does not end, in time', async () => {
    await using silent = await serve((request, response) => {
      if (request.url === '/half') response.writeHead(200, { 'content-length': '100' }).write('half');
    });
    using transport = httpTransport({ server: silent.url, requestTimeoutMs: 50 });
    for (const path of ['/never', '/half']) {
      const error = (await failure(transport.request({ method: 'GET', path }))) as TransportError;
      expect([error.kind, error.message]).toEqual(['timeout', `GET ${silent.url}${path}: no complete reply within 50 ms`]);
    }
  });

  test('reads no reply and no line beyond its bounds', async () => {
    await using big = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('"');
      response.write('x'.repeat(2000));
      if (!request.url?.includes('watch')) response.end('"');
    });
    using transport = httpTransport({ server: big.url, maxResponseBytes: 1000, maxLineBytes: 1000 });
    expect(await failure(transport.request({ method: 'GET', path: '/' }))).toMatchObject({ kind: 'tooLarge' });
    const { events } = await transport.stream({ method: 'GET', path: '/watch', signal: new AbortController().signal });
    expect(await failure(Array.fromAsync(events))).toMatchObject({ kind: 'tooLarge' });
  });

  test('reports a watch that is cut as broken', async () => {
    await using cutting = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"type":"BOOKMARK"}\n');
      setImmediate(() => response.destroy());
    });
    using transport = httpTransport({ server: cutting.url });
    const { events } = await transport.stream({ method: 'GET', path: '/', signal: new AbortController().signal });
    const seen: unknown[] = [];
    const error = await failure((async () => { for await (const event of events) seen.push(event); })());
    expect(seen).toEqual([{ type: 'BOOKMARK' }]);
    expect(error).toMatchObject({ kind: 'broken' });
  });

  test('understands failures that are no Status, as proxies send them', async () => {
    await using proxy = await serve((_, response) => response.writeHead(503, { 'content-type': 'text/plain' }).end('no healthy upstream\n'));
    using transport = httpTransport({ server: proxy.url });
    await expect(createClient(transport).list(configMaps)).rejects.toMatchObject({ status: { code: 503, message: 'no healthy upstream' } });
  });

  test('sends a read again that met a connection which was just closed, but no write', async () => {
    let requests = 0;
    await using closing = await serve((request, response) => {
      requests += 1;
      if (requests === 2) request.socket.destroy();
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    using transport = httpTransport({ server: closing.url });
    await transport.request({ method: 'GET', path: '/' });
    expect(await transport.request({ method: 'GET', path: '/' })).toEqual({ status: 200, body: {} });
    requests = 1;
    expect(await failure(transport.request({ method: 'POST', path: '/', body: {} }))).toMatchObject({ kind: 'broken' });
    expect(requests).toBe(2);
  });

  test('ends with the reason of its signal', async () => {
    await using silent = await serve(() => {});
    using transport = httpTransport({ server: silent.url });
    const ended = new AbortController();
    const asked = transport.request({ method: 'GET', path: '/', signal: ended.signal });
    ended.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });
});
