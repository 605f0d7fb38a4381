import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Target } from '../proxy/forwarder.ts';
import { forwardedHeaders } from './http-headers.ts';

/**
 * Passes on a request that wants another protocol (WebSocket): once the pod has agreed, bytes flow both ways until one side
 * ends. A pod that refuses the connection is passed over.
 */
export function proxyUpgrade(request: IncomingMessage, client: Duplex, head: Buffer, targets: readonly Target[], refusal: { readonly status: number; readonly why: string }): void {
  const [target, ...others] = targets;
  client.on('error', () => client.destroy());
  if (!target) {
    const body = `${refusal.status}: ${refusal.why}\n`;
    client.end(`HTTP/1.1 ${refusal.status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
    return;
  }
  const headers = [...forwardedHeaders(request, request.socket.localPort ?? 0), 'Connection', 'Upgrade', 'Upgrade', request.headers.upgrade ?? 'websocket'];
  const upstream = httpRequest({ host: target.host, port: target.port, method: request.method ?? 'GET', path: request.url ?? '/', headers: headers as never, setHost: false, agent: false, timeout: CONNECT_TIMEOUT_MS });
  let connected = false;
  upstream.once('socket', (socket) => socket.once('connect', () => (connected = true)));
  upstream.once('timeout', () => upstream.destroy(new Error('did not answer in time')));
  upstream.once('upgrade', (reply, server, rest) => {
    server.setTimeout(0);
    client.write(headOf(reply));
    if (rest.length > 0) client.write(rest);
    if (head.length > 0) server.write(head);
    server.on('error', () => client.destroy());
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
    client.pipe(server).pipe(client);
  });
  // The pod does not want to change the protocol; its answer is an ordinary one.
  upstream.once('response', (reply) => {
    client.write(headOf(reply, true));
    reply.pipe(client);
    reply.once('aborted', () => client.destroy());
  });
  upstream.once('error', (error) => {
    if (!connected && !client.destroyed) proxyUpgrade(request, client, head, others, { status: 502, why: `${target.host}:${target.port} ${error.message}` });
    else client.destroy();
  });
  client.once('close', () => upstream.destroy());
  upstream.end();
}

const CONNECT_TIMEOUT_MS = 10_000;

function headOf(reply: IncomingMessage, closes = false): string {
  const lines = [`HTTP/1.1 ${reply.statusCode} ${reply.statusMessage ?? ''}`];
  for (let index = 0; index + 1 < reply.rawHeaders.length; index += 2) {
    const name = reply.rawHeaders[index]!;
    if (closes && /^(connection|keep-alive|transfer-encoding)$/i.test(name)) continue;
    lines.push(`${name}: ${reply.rawHeaders[index + 1]!}`);
  }
  if (closes) lines.push('Connection: close');
  return `${lines.join('\r\n')}\r\n\r\n`;
}
