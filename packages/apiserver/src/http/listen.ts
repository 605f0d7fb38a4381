import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { badRequest, tooManyRequests, unauthorized } from '@plinth/apimachinery';
import type { Core } from '../core.ts';
import { dispatch } from '../dispatch.ts';
import { toStatus } from '../errors.ts';
import type { UserInfo } from '../request.ts';
import { MAX_OBJECT_BYTES } from '../verbs/finish.ts';
import { answerBrokenRequest, type Current } from './broken-request.ts';
import { impersonated } from './impersonate.ts';
import { parseBody } from './parse-body.ts';
import { readBody } from './read-body.ts';
import { writeReply, writeStatus } from './write-reply.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** PEM. Client certificates that it signed are verified; others count as none. */
  readonly clientCA?: string;
}

export interface Listener extends AsyncDisposable {
  readonly port: number;
}

/** Requests at work at the same time, watches and logs not counted. More get 429 and come again. */
const MAX_IN_FLIGHT = 600;

/** Made once: every answered request ends with it, and an error with its stack costs more than the rest of the abort. */
const GONE = new Error('the connection has ended');

/** Serves the API over HTTPS. Errors: rejects when the address cannot be had. */
export async function listen(core: Core, options: ListenOptions): Promise<Listener> {
  const current: Current = new WeakMap();
  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const controller = new AbortController();
    current.set(message.socket, response);
    response.once('close', () => controller.abort(GONE));
    const long = isLong(message.url ?? '');
    if (!long) core.metrics.inFlight += 1;
    try {
      if (!long && core.metrics.inFlight > MAX_IN_FLIGHT) throw tooManyRequests('Too many requests, please try again later.');
      await answer(core, message, response, controller.signal);
    } catch (error) {
      if (!response.destroyed && message.socket.writable) refuse(message, response, toStatus(error, core.log));
    } finally {
      if (!long) core.metrics.inFlight -= 1;
      // When stopping, a connection goes as soon as its last answer is out.
      if (core.signal.aborted) setImmediate(() => server.closeIdleConnections());
    }
  };
  const server = createServer(
    {
      key: options.key,
      cert: options.cert,
      ...(options.clientCA === undefined ? {} : { ca: options.clientCA }),
      requestCert: options.clientCA !== undefined,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      keepAliveTimeout: 120_000,
      headersTimeout: 15_000,
      requestTimeout: 60_000,
      maxHeaderSize: 64 * 1024,
      noDelay: true,
    },
    (message, response) => void handle(message, response),
  );
  server.on('tlsClientError', () => {});
  server.on('clientError', (error, socket) => answerBrokenRequest(error, socket, current));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    // What is at work may finish; watches have been ended by the core's signal.
    setTimeout(() => server.closeAllConnections(), 250).unref();
  });
}

const isLong = (url: string): boolean => /[?&](?:watch|follow)=(?:true|1)\b/.test(url);

async function answer(core: Core, message: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const url = parseUrl(message.url ?? '/');
  const user = await authenticate(core, message, url.path);
  const contentType = message.headers['content-type'] ?? '';
  let body: Promise<unknown> | undefined;
  const answered = await dispatch(core, {
    method: message.method ?? 'GET',
    path: url.path,
    query: url.query,
    user,
    contentType,
    accept: message.headers.accept ?? '',
    ...(message.headers['user-agent'] === undefined ? {} : { userAgent: message.headers['user-agent'] }),
    body: () => (body ??= readBody(message, MAX_OBJECT_BYTES).then((bytes) => parseBody(bytes, contentType))),
    signal,
  });
  if (!message.complete) message.resume();
  await writeReply(response, answered, signal);
}

function parseUrl(text: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  try {
    return { path: path.includes('%') ? path.split('/').map(decodeSegment).join('/') : path, query: new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)) };
  } catch {
    throw badRequest('the path of the request is not valid percent-encoding');
  }
}

function decodeSegment(segment: string): string {
  const decoded = decodeURIComponent(segment);
  if (decoded.includes('/')) throw new URIError('a slash inside a path segment');
  return decoded;
}

/** What anybody may ask: whether the server is well, and which version it is. */
const openPaths = /^\/(?:livez|readyz|healthz)(?:\/|$)|^\/version\/?$/;
const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

async function authenticate(core: Core, message: IncomingMessage, path: string): Promise<UserInfo> {
  const socket = message.socket as TLSSocket;
  const certificate = certificateOf(socket);
  const user = await core.authenticator?.(message.headers, {
    ...(certificate ? { certificate } : {}),
    ...(socket.remoteAddress === undefined ? {} : { remoteAddress: socket.remoteAddress }),
  });
  if (!user && openPaths.test(path)) return anonymous;
  if (!user) throw unauthorized();
  return impersonated(core, user, message.headers);
}

/** What TLS verified when the connection began; asking OpenSSL for each request would cost more than many a request. */
function certificateOf(socket: TLSSocket): Uint8Array | undefined {
  if (!socket.authorized) return undefined;
  let certificate = certificates.get(socket);
  if (!certificate) {
    certificate = socket.getPeerX509Certificate()?.raw;
    if (certificate) certificates.set(socket, certificate);
  }
  return certificate;
}

const certificates = new WeakMap<TLSSocket, Uint8Array>();

/**
 * Whoever still sends a body that nobody will read gets the whole answer at once, and loses the connection when the body
 * is over, or soon. Until then what comes is thrown away: a connection that is closed with something unread makes the
 * client fail to write before it comes to read why.
 */
function refuse(message: IncomingMessage, response: ServerResponse, status: Parameters<typeof writeStatus>[1]): void {
  if (message.complete || response.headersSent) {
    writeStatus(response, status);
    return;
  }
  const { promise: drained, resolve } = Promise.withResolvers<void>();
  message.on('error', () => resolve()).once('end', resolve).once('close', resolve);
  message.removeAllListeners('data').resume();
  setTimeout(resolve, LINGER_MS).unref();
  response.setHeader('Connection', 'close');
  response.once('finish', () => message.destroy());
  writeStatus(response, status, drained);
}

const LINGER_MS = 500;

