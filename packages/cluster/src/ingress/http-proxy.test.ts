import { EventEmitter, once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Target } from '../proxy/forwarder.ts';
import { createHttpProxy } from './http-proxy.ts';

interface World extends AsyncDisposable {
  readonly target: (listener: RequestListener) => Promise<Target & { readonly server: Server }>;
  /** Nobody listens there. */
  readonly refusing: () => Promise<Target>;
  readonly proxy: (targets: readonly Target[]) => Promise<(method: string, body?: string, path?: string) => Promise<{ status: number; body: string }>>;
}

function world(): World {
  const servers: Server[] = [];
  const listen = async (server: Server): Promise<Target> => {
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  };
  return {
    target: async (listener) => {
      const server = createServer(listener);
      return { ...(await listen(server)), server };
    },
    refusing: async () => {
      const server = createTcpServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      server.close();
      await once(server, 'close');
      return { host: '127.0.0.1', port };
    },
    proxy: async (targets) => {
      const { port } = await listen(createHttpProxy({ decide: () => ({ type: 'forward', targets }) }));
      return (method, body, path = '/') =>
        new Promise((resolve, reject) => {
          const request = httpRequest({ host: '127.0.0.1', port, method, path, agent: false }, (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
            response.on('end', () => resolve({ status: response.statusCode!, body: text }));
          });
          request.on('error', reject);
          request.end(body);
        });
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => (server.closeAllConnections(), server.close(() => resolve())))));
    },
  };
}

/** Answers with the body that it got, and notes it. */
const echo = (seen: string[]): RequestListener => (request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  request.on('end', () => (seen.push(`${request.method} ${request.url} ${text}`), response.end(`got ${text}`)));
};

describe(createHttpProxy, () => {
  it('passes over targets that refuse, body and all', async () => {
    await using w = world();
    const seen: string[] = [];
    const send = await w.proxy([await w.refusing(), await w.target(echo(seen)), await w.refusing()]);
    for (const body of ['one', 'two', 'three']) expect(await send('POST', body)).toEqual({ status: 200, body: `got ${body}` });
    expect(seen).toEqual(['POST / one', 'POST / two', 'POST / three']);
  });

  it('says that all refused', async () => {
    await using w = world();
    const target = await w.refusing();
    const answer = await (await w.proxy([target, await w.refusing()]))('GET');
    expect(answer.status).toBe(502);
    expect(answer.body).toMatch(/^502: no pod answered: 127\.0\.0\.1:\d+ connect ECONNREFUSED 127\.0\.0\.1:\d+; 127\.0\.0\.1:\d+ connect ECONNREFUSED/);
  });

  it('asks again when a kept connection was closed, for what may be asked twice', async () => {
    await using w = world();
    let count = 0;
    const sockets = new Set<object>();
    const send = await w.proxy([
      await w.target((request, response) => {
        count += 1;
        // The second request on a connection finds that it goes.
        if (sockets.has(request.socket)) request.socket.destroy();
        else response.end('fresh');
        sockets.add(request.socket);
      }),
    ]);
    for (let turn = 0; turn < 4; turn++) expect(await send('GET')).toEqual({ status: 200, body: 'fresh' });
    expect(count).toBeGreaterThan(4);
    for (let turn = 0; turn < 4; turn++) expect(await send('POST', 'x')).toEqual({ status: 200, body: 'fresh' });
  });

  it('never sends a request twice that may have been done', async () => {
    await using w = world();
    let count = 0;
    const listener: RequestListener = (request) => {
      count += 1;
      request.socket.destroy();
    };
    const send = await w.proxy([await w.target(listener), await w.target(listener)]);
    expect(await send('DELETE')).toMatchObject({ status: 502, body: expect.stringContaining('socket hang up, after the request was sent') as string });
    expect(count).toBe(1);
    expect(await send('GET')).toMatchObject({ status: 502 });
    expect(count).toBe(3);
  });

  it('waits for the answer to a request that takes longer than its answer may', async () => {
    await using w = world();
    const arrived = new EventEmitter();
    const { port } = await w.target((request, response) => {
      request.on('data', () => arrived.emit('chunk'));
      request.on('end', () => response.end('whole'));
    });
    const proxy = createHttpProxy({ decide: () => ({ type: 'forward', targets: [{ host: '127.0.0.1', port }] }), responseTimeoutMs: 50 });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const request = httpRequest({ host: '127.0.0.1', port: (proxy.address() as AddressInfo).port, method: 'POST', agent: false });
    const response = once(request, 'response') as Promise<[IncomingMessage]>;
    for (const end = performance.now() + 150; performance.now() < end; ) {
      const chunk = once(arrived, 'chunk');
      request.write('x');
      await Promise.race([chunk, response]);
    }
    request.end();
    const [{ statusCode }] = await response;
    await proxy.end();
    expect(statusCode).toBe(200);
  });

  it('takes a whole URL for a path', async () => {
    await using w = world();
    const seen: string[] = [];
    const { port } = await w.target(echo(seen));
    const paths: string[] = [];
    const proxy = createHttpProxy({ decide: (_host, path) => (paths.push(path), { type: 'forward', targets: [{ host: '127.0.0.1', port }] }) });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const request = httpRequest({ host: '127.0.0.1', port: (proxy.address() as AddressInfo).port, path: 'http://shop.localhost/a?b=c', agent: false });
    request.end();
    const [response] = (await once(request, 'response')) as [{ resume: () => void }];
    response.resume();
    proxy.close();
    await once(proxy, 'close');
    expect(paths).toEqual(['/a']);
  });
});
