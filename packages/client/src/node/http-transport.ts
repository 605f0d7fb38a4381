import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import type { ClientRequest, ClientResponse, Transport } from '../client.ts';
import { TransportError, failureOf } from '../errors.ts';
import { defaultMaxLineBytes, jsonLines } from '../json-lines.ts';

/** Where an API server is and who asks. Certificates and keys are PEM texts. */
export interface HttpTransportOptions {
  /** `https://127.0.0.1:16443`; a path is kept as a prefix. */
  readonly server: string;
  /** Certificates that the server's must be signed by. Absent: those that the system trusts. */
  readonly ca?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  readonly token?: string;
  /** Asked before each request, so it should remember its answer; wins over `token`. */
  readonly tokenProvider?: () => string | Promise<string>;
  /** The name to expect in the server's certificate, when it is not the one in `server`. */
  readonly serverName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** From the start of a request to the end of its reply (of a watch: to its first byte). Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** Longest reply that is read. Default 256 MiB. */
  readonly maxResponseBytes?: number;
  /** Longest line of a watch that is read. Default 16 MiB. */
  readonly maxLineBytes?: number;
  readonly userAgent?: string;
}

export interface HttpTransport extends Transport, Disposable {
  /** Closes idle connections; those in use end with their requests. */
  close(): void;
}

/**
 * Reaches an API server over HTTPS (or HTTP), with connections that are kept and reused.
 *
 * Guarantees: a read that met a connection which the server had just closed is sent once more; a write never is,
 * because nobody knows whether the first one arrived.
 *
 * Errors: {@link TransportError}, always with the server's address and never with a credential in its message.
 */
export function httpTransport(options: HttpTransportOptions): HttpTransport {
  const { requestTimeoutMs = 30_000, maxResponseBytes = 256 * 1024 * 1024, maxLineBytes = defaultMaxLineBytes } = options;
  const base = new URL(options.server);
  const prefix = base.pathname.replace(/\/+$/, '');
  const secure = base.protocol === 'https:';
  const agent = secure
    ? new HttpsAgent({
        keepAlive: true,
        maxFreeSockets: 64,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
        ...(options.clientCert === undefined ? {} : { cert: options.clientCert }),
        ...(options.clientKey === undefined ? {} : { key: options.clientKey }),
        ...(options.serverName === undefined ? {} : { servername: options.serverName }),
        ...(options.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
      })
    : new HttpAgent({ keepAlive: true, maxFreeSockets: 64 });
  const send = secure ? httpsRequest : httpRequest;

  /** Resolves with the reply's head; `signal` ends request and reply. */
  const open = async (request: ClientRequest, signal: AbortSignal): Promise<IncomingMessage> => {
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const token = options.tokenProvider ? await options.tokenProvider() : options.token;
    const query = request.query ? new URLSearchParams(request.query).toString() : '';
    const init: RequestOptions = {
      agent,
      protocol: base.protocol,
      hostname: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port || (secure ? 443 : 80),
      method: request.method,
      path: `${prefix}${request.path}${query ? `?${query}` : ''}`,
      headers: {
        accept: 'application/json',
        'user-agent': options.userAgent ?? 'plinth',
        ...(body ? { 'content-type': 'application/json', 'content-length': body.length } : {}),
        ...request.headers,
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      signal,
    };
    return new Promise((resolve, reject) => {
      const outgoing = send(init, (incoming) => resolve(incoming));
      outgoing.once('socket', (socket) => socket.setKeepAlive(true, 30_000));
      outgoing.on('error', (cause: NodeJS.ErrnoException) => {
        const stale = outgoing.reusedSocket && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
        if (stale && request.method === 'GET' && !signal.aborted) resolve(open(request, signal));
        else reject(cause);
      });
      outgoing.end(body);
    });
  };

  const wrap = (request: ClientRequest, cause: unknown): unknown => {
    if (cause instanceof TransportError) return cause;
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    const kind = untrusted.test(code) ? 'untrusted' : unreachable.has(code) ? 'unreachable' : 'broken';
    const text = cause instanceof Error ? cause.message || code : String(cause);
    return new TransportError(kind, `${request.method} ${base.origin}${prefix}${request.path}: ${text}`, { cause });
  };

  return {
    request: async (request) => {
      const deadline = withTimeout(requestTimeoutMs, request.signal);
      try {
        const incoming = await open(request, deadline.signal);
        const body = await readAll(incoming, maxResponseBytes);
        return { status: incoming.statusCode ?? 0, body: parseBody(incoming, body) } satisfies ClientResponse;
      } catch (cause) {
        request.signal?.throwIfAborted();
        if (deadline.signal.aborted) {
          const message = `${request.method} ${base.origin}${prefix}${request.path}: no complete reply within ${requestTimeoutMs} ms`;
          throw new TransportError('timeout', message, { cause });
        }
        throw wrap(request, cause);
      } finally {
        deadline.clear();
      }
    },
    stream: async (request) => {
      const deadline = withTimeout(requestTimeoutMs, request.signal);
      try {
        const incoming = await open(request, deadline.signal);
        if (incoming.statusCode !== 200) {
          const body = parseBody(incoming, await readAll(incoming, maxResponseBytes));
          return { status: incoming.statusCode ?? 0, failure: failureOf(incoming.statusCode ?? 0, body).status, events: none() };
        }
        deadline.stopClock();
        const events = wrapped(jsonLines(incoming, maxLineBytes), (cause) => wrap(request, cause), () => {
          incoming.destroy();
          deadline.clear();
        });
        return { status: 200, events };
      } catch (cause) {
        deadline.clear();
        request.signal.throwIfAborted();
        if (deadline.signal.aborted) {
          const message = `${request.method} ${base.origin}${prefix}${request.path}: no reply within ${requestTimeoutMs} ms`;
          throw new TransportError('timeout', message, { cause });
        }
        throw wrap(request, cause);
      }
    },
    close: () => agent.destroy(),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

const unreachable = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ETIMEDOUT']);
/** Node's names for a certificate that does not convince; https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS_|ERR_SSL_/;

/** One signal for the caller's end and for the deadline, that leaves no listener behind. */
function withTimeout(ms: number, outer: AbortSignal | undefined): { readonly signal: AbortSignal; stopClock(): void; clear(): void } {
  const controller = new AbortController();
  const end = (): void => controller.abort();
  const timer = setTimeout(end, ms);
  if (outer?.aborted) end();
  else outer?.addEventListener('abort', end, { once: true });
  return {
    signal: controller.signal,
    stopClock: () => clearTimeout(timer),
    clear: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', end);
    },
  };
}

async function readAll(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new TransportError('tooLarge', `the reply is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length);
}

function parseBody(incoming: IncomingMessage, body: Buffer): unknown {
  const text = body.toString('utf8');
  if (!/\bjson\b/.test(incoming.headers['content-type'] ?? '')) return text;
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new TransportError('malformed', `the reply says it is JSON and is not: ${text.slice(0, 120)}`, { cause });
  }
}

async function* none(): AsyncGenerator<never> {}

async function* wrapped(
  values: AsyncIterable<unknown>,
  wrap: (cause: unknown) => unknown,
  end: () => void,
): AsyncGenerator<unknown> {
  try {
    yield* values;
  } catch (cause) {
    throw wrap(cause);
  } finally {
    end();
  }
}
