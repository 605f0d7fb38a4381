import { request, type IncomingMessage } from 'node:http';

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Without version: the engine speaks its own. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface EngineReply {
  readonly status: number;
  readonly body: unknown;
}

/** The HTTP API of Docker, which Podman speaks as well, on a Unix socket. */
export interface EngineApi {
  readonly socket: string;
  /** Any status but an error of the connection. */
  call(request: EngineRequest): Promise<EngineReply>;
  /** The body as it comes. Errors: `EngineError` for a status of 400 and more. */
  stream(request: EngineRequest): Promise<IncomingMessage>;
}

/** The engine refused something; `status` is HTTP's, 0 when it could not be reached. */
export class EngineError extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.status = status;
  }
}

export function createEngineApi(socket: string): EngineApi {
  const send = ({ method, path, query, body, headers, signal }: EngineRequest): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const search = query ? `?${new URLSearchParams(query)}` : '';
      const sent = request(
        { socketPath: socket, method, path: `/v1.41${path}${search}`, headers: { host: 'engine', ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}), ...headers }, ...(signal ? { signal } : {}), agent: false },
        resolve,
      );
      sent.on('error', (error) => reject(new EngineError(0, `the container engine at ${socket} cannot be reached: ${error.message}`, { cause: error })));
      sent.end(text);
    });
  return {
    socket,
    call: async (asked) => {
      const reply = await send(asked);
      const text = await readAll(reply);
      return { status: reply.statusCode ?? 0, body: parse(text) };
    },
    stream: async (asked) => {
      const reply = await send(asked);
      const status = reply.statusCode ?? 0;
      if (status >= 400) throw new EngineError(status, messageOf(parse(await readAll(reply)), status));
      return reply;
    },
  };
}

/** Errors: `EngineError` unless the status is good or one of those that are expected. */
export async function expectCall(api: EngineApi, asked: EngineRequest, expected: readonly number[] = []): Promise<EngineReply> {
  const reply = await api.call(asked);
  if (reply.status >= 400 && !expected.includes(reply.status)) throw new EngineError(reply.status, messageOf(reply.body, reply.status));
  return reply;
}

export const messageOf = (body: unknown, status: number): string => {
  const message = (body as { readonly message?: unknown } | undefined)?.message;
  return typeof message === 'string' && message !== '' ? message : `the container engine answered ${status}`;
};

const MAX_REPLY = 16 * 1024 * 1024;

async function readAll(reply: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of reply.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_REPLY) throw new EngineError(0, `the container engine answered with more than ${MAX_REPLY} bytes`);
  }
  return text;
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return { message: text.slice(0, 500) };
  }
}
