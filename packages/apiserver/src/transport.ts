import { isApiError, type Status } from '@plinth/apimachinery';
import type { Core } from './core.ts';
import { dispatch } from './dispatch.ts';
import { toStatus } from './errors.ts';
import { collect } from './collect.ts';
import type { Reply } from './reply.ts';
import type { UserInfo } from './request.ts';
import { watchEvents } from './watch-events.ts';

/** The shape of the client's `Transport` (this room does not import the client). */
export interface InProcessTransport {
  request(request: TransportRequest): Promise<{ readonly status: number; readonly body: unknown }>;
  stream(request: TransportRequest & { readonly signal: AbortSignal }): Promise<{
    readonly status: number;
    readonly failure?: unknown;
    readonly events: AsyncIterable<unknown>;
  }>;
}

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * Straight into the server, as `user`: authorised and checked like any other request, but nothing is serialised. Objects
 * that come back are the server's own and must not be changed.
 */
export function inProcessTransport(core: Core, user: UserInfo): InProcessTransport {
  const open = (request: TransportRequest): ReturnType<typeof dispatch> => {
    const [path = '', inline = ''] = request.path.split('?', 2);
    const query = new URLSearchParams(inline);
    for (const [key, value] of Object.entries(request.query ?? {})) query.set(key, value);
    const headers = Object.fromEntries(Object.entries(request.headers ?? {}).map(([key, value]) => [key.toLowerCase(), value]));
    return dispatch(core, {
      method: request.method,
      path: path.includes('%') ? path.split('/').map(decodeURIComponent).join('/') : path,
      query,
      user,
      ...(headers['accept']?.includes(';') ? { accept: headers['accept'] } : {}),
      contentType: headers['content-type'] ?? 'application/json',
      userAgent: headers['user-agent'] ?? 'plinth',
      body: () => Promise.resolve(request.body),
      signal: request.signal ?? core.signal,
    });
  };
  return {
    async request(request) {
      try {
        const { reply } = await open(request);
        return await settle(reply);
      } catch (error) {
        const status = failureOf(error, core);
        return { status: status.code, body: status };
      }
    },
    async stream(request) {
      try {
        const { reply } = await open(request);
        if (reply.type === 'watch') return { status: 200, events: watchEvents(reply.feed, request.signal) };
        if (reply.type === 'chunks') return { status: 200, events: reply.chunks };
        const { status, body } = await settle(reply);
        return { status, events: once(body) };
      } catch (error) {
        const failure = failureOf(error, core);
        return { status: failure.code, failure, events: nothing() };
      }
    },
  };
}

const failureOf = (error: unknown, core: Core): Status => (isApiError(error) ? error.status : toStatus(error, core.log));

async function settle(reply: Reply): Promise<{ readonly status: number; readonly body: unknown }> {
  switch (reply.type) {
    case 'value':
      return { status: reply.status, body: reply.value };
    case 'list': {
      const { served, metadata } = reply;
      return { status: 200, body: { kind: served.kind.listKind, apiVersion: served.apiVersion, metadata, items: reply.objects() } };
    }
    case 'text':
      return { status: reply.status, body: reply.text };
    case 'bytes':
      return { status: 200, body: JSON.parse(Buffer.from(reply.bytes).toString()) };
    case 'chunks':
      return { status: 200, body: await collect(reply.chunks) };
    case 'watch':
      throw new Error('a watch is a stream: use stream()');
    default:
      return reply satisfies never;
  }
}

async function* once(value: unknown): AsyncIterable<unknown> {
  yield value;
}

async function* nothing(): AsyncIterable<unknown> {}
