import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type ClientRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Target } from '../proxy/forwarder.ts';
import { forwardedHeaders, passedOn } from './http-headers.ts';
import { proxyUpgrade } from './upgrade.ts';

/** What becomes of a request. */
export type Decision = { readonly type: 'forward'; readonly targets: readonly Target[] } | { readonly type: 'refuse'; readonly status: 404 | 503; readonly why: string };

export interface HttpProxyOptions {
  /** Asked for each request anew. */
  readonly decide: (host: string, path: string) => Decision;
  /** From the last byte of a request to the first of its answer, in ms. Default 60 s. */
  readonly responseTimeoutMs?: number;
  /** For a connection to a pod, in ms. Default 2 s. */
  readonly connectTimeoutMs?: number;
}

export interface HttpProxy extends Server {
  /** Breaks off all that is going on. The server itself no longer knows those connections that were upgraded. */
  readonly end: () => Promise<void>;
}

/**
 * Passes HTTP on, bodies as streams, upgrades (WebSocket) as connections.
 *
 * Guarantees: a request is sent to another target when it certainly reached none: the connection was refused, or it
 * may be repeated (GET, HEAD, OPTIONS) and no answer had begun. All others get a connection of their own, so that none of
 * them meets one that is just being closed. A pod that goes away thus costs no request, as long as another one answers.
 */
export function createHttpProxy(options: HttpProxyOptions): HttpProxy {
  const { decide } = options;
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, scheduling: 'lifo' });
  const upgraded = new Set<Duplex>();
  let turn = 0;
  const server = createServer({ keepAliveTimeout: 75_000, headersTimeout: 15_000, requestTimeout: 300_000, noDelay: true }, (request, response) => {
    request.on('error', () => response.destroy());
    const decision = decide(hostOf(request), pathOf(request));
    if (decision.type === 'refuse') return answer(response, decision.status, decision.why);
    turn = (turn + 1) % Number.MAX_SAFE_INTEGER;
    attempt({ request, response, agent, options, left: inTurn(decision.targets, turn).slice(0, MAX_TRIES), failures: [] });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('upgrade', (request, socket, head) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    const decision = decide(hostOf(request), pathOf(request));
    turn = (turn + 1) % Number.MAX_SAFE_INTEGER;
    const targets = decision.type === 'forward' ? inTurn(decision.targets, turn).slice(0, MAX_TRIES) : [];
    proxyUpgrade(request, socket, head, targets, decision.type === 'refuse' ? decision : { status: 502, why: 'no pod took the connection' });
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  server.on('close', () => agent.destroy());
  return Object.assign(server, {
    end: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
      await closed;
    },
  });
}

interface Attempt {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly agent: Agent;
  readonly options: HttpProxyOptions;
  readonly left: readonly Target[];
  /** Why earlier targets did not serve. */
  readonly failures: readonly string[];
}

/** Sends the request to the first of the targets that are left. */
function attempt(state: Attempt): void {
  const { request, response, agent, options, left, failures } = state;
  const [target, ...others] = left;
  if (response.destroyed) return;
  if (!target) return answer(response, 502, `no pod answered: ${failures.join('; ')}`);
  const mayRepeat = REPEATABLE.has(request.method ?? '') && !hasBody(request);
  const { responseTimeoutMs = 60_000, connectTimeoutMs = 2000 } = options;
  const upstream: ClientRequest = httpRequest({
    host: target.host,
    port: target.port,
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers: forwardedHeaders(request, request.socket.localPort ?? 0) as never,
    setHost: false,
    agent: mayRepeat ? agent : false,
  });
  let sent = false;
  let answered = false;
  const timer = setTimeout(() => upstream.destroy(new TimeoutError('connect')), connectTimeoutMs);
  const begin = (): void => {
    sent = true;
    clearTimeout(timer);
    // A body takes the time that it takes.
    upstream.once('finish', () => {
      if (!answered) slow = setTimeout(() => upstream.destroy(new TimeoutError('response')), responseTimeoutMs);
    });
    // The second try of a request without a body: its end was seen by the first.
    if (request.readableEnded) upstream.end();
    else request.pipe(upstream);
  };
  let slow: NodeJS.Timeout | undefined;
  const clear = (): void => {
    clearTimeout(timer);
    clearTimeout(slow);
  };
  const gone = (): void => {
    clear();
    // A connection that has served its request may have gone on to the next.
    if (!response.writableFinished) upstream.destroy();
  };
  response.once('close', gone);
  upstream.once('socket', (socket) => {
    if (socket.connecting) socket.once('connect', begin);
    else begin();
  });
  upstream.once('response', (reply) => {
    answered = true;
    clear();
    response.writeHead(reply.statusCode ?? 502, reply.statusMessage ?? '', passedOn(reply) as never);
    reply.pipe(response);
    // An answer that breaks off must not look like a whole one.
    reply.once('error', () => response.destroy());
    reply.once('aborted', () => response.destroy());
  });
  upstream.once('error', (error) => {
    clear();
    response.off('close', gone);
    if (answered || response.destroyed) return void response.destroy();
    request.unpipe(upstream);
    const timedOut = error instanceof TimeoutError && error.stage === 'response';
    const failure = `${target.host}:${target.port} ${error.message}`;
    if (timedOut) return answer(response, 504, `${target.host}:${target.port} did not answer within ${responseTimeoutMs / 1000} s`);
    // On a connection that was kept, the pod may simply have ended it: the same pod is asked once more, too.
    const next = upstream.reusedSocket ? [...others, target] : others;
    if (!sent || mayRepeat) attempt({ ...state, left: next.slice(0, MAX_TRIES - failures.length), failures: [...failures, failure] });
    else answer(response, 502, `${failure}, after the request was sent`);
  });
}

class TimeoutError extends Error {
  readonly stage: 'connect' | 'response';

  constructor(stage: 'connect' | 'response') {
    super(stage === 'connect' ? 'took no connection in time' : 'did not answer in time');
    this.stage = stage;
  }
}

const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const MAX_TRIES = 4;
const MAX_CONNECTIONS = 4096;

const hasBody = ({ headers }: IncomingMessage): boolean => headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

const inTurn = (targets: readonly Target[], turn: number): readonly Target[] => targets.map((_, index) => targets[(turn + index) % targets.length]!);

/** Without the port. */
export const hostOf = ({ headers }: IncomingMessage): string => (headers.host ?? '').replace(/:\d+$/, '');

/** Without the query. A client may send a whole URL (RFC 9112, section 3.2.2). */
export const pathOf = ({ url = '/' }: IncomingMessage): string => {
  const [path = '/'] = url.split(/[?#]/, 1);
  return path.startsWith('/') ? path : path.replace(/^[a-z]+:\/\/[^/]*/i, '') || '/';
};

/** A page for a person, in one line. */
function answer(response: ServerResponse, status: 404 | 502 | 503 | 504, why: string): void {
  if (response.headersSent) return void response.destroy();
  const body = `${status}: ${why}\n`;
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body), 'Cache-Control': 'no-store', ...(status === 503 ? { 'Retry-After': '1' } : {}) });
  response.end(body);
}
