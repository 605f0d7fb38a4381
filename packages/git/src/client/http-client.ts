import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext } from 'node:tls';
import { createGunzip } from 'node:zlib';
import { pipeline } from 'node:stream';
import { GitRemoteError } from '../errors.ts';
import { agent as agentName } from '../protocol/agent.ts';
import type { SshOptions } from './ssh-process.ts';
import type { TraceExchange } from './traced-transport.ts';

/** Who asks. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Credentials that do not last: asked for before each exchange, so it keeps what is still good. */
export interface CredentialSource {
  /** Rejects with a {@link GitRemoteError} when there are none to be had. */
  get(signal?: AbortSignal): Promise<Credentials>;
  /** The server refused these: get others. The exchange is then tried once more. */
  refused(credentials: Credentials): void;
}

/** Where a git server is and how to get in. */
export interface RemoteOptions {
  /** Of one repository: `http://`, `https://` (credentials in it are taken out and used), `ssh://user@host/path` or `user@host:path`. */
  readonly url: string;
  readonly auth?: Credentials | CredentialSource | undefined;
  /** For SSH addresses. */
  readonly ssh?: SshOptions | undefined;
  /** PEM of the authorities to trust instead of the well-known ones, as git's `http.sslCAInfo`. */
  readonly ca?: string | undefined;
  /** For one exchange, connecting included; 30,000 when absent. */
  readonly timeoutMs?: number | undefined;
  /** Most bytes of one answer; 512 MiB when absent. */
  readonly maxResponseBytes?: number | undefined;
  readonly trace?: TraceExchange | undefined;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Exchanges with one server over connections that stay open. */
export class HttpClient implements Disposable {
  /** Without credentials, without a slash at the end. */
  url: string;
  readonly timeoutMs: number;
  readonly #maxBytes: number;
  readonly #ca: string | undefined;
  readonly #auth: Credentials | CredentialSource | undefined;
  #agent: HttpAgent | HttpsAgent | undefined;

  constructor(options: RemoteOptions) {
    let url: URL;
    try {
      url = new URL(options.url);
    } catch {
      throw new GitRemoteError('protocol', 'the URL of the git repository is not valid');
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new GitRemoteError('protocol', `cannot use ${url.protocol}//${url.host}: http, https and ssh are supported`);
    this.#auth = options.auth ?? (url.username ? { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) } : undefined);
    url.username = '';
    url.password = '';
    this.url = url.href.replace(/\/+$/, '');
    this.timeoutMs = options.timeoutMs ?? 30_000;
    this.#maxBytes = options.maxResponseBytes ?? 512 * 1024 * 1024;
    this.#ca = options.ca;
  }

  /** A whole exchange. Rejects with a {@link GitRemoteError} for anything but a 2xx. GETs follow redirects, three at most. */
  async exchange(path: string, options: { readonly method?: 'GET' | 'POST'; readonly headers?: Record<string, string>; readonly body?: Buffer; readonly signal?: AbortSignal | undefined }): Promise<HttpReply> {
    const deadline = AbortSignal.timeout(this.timeoutMs);
    const signal = options.signal ? AbortSignal.any([deadline, options.signal]) : deadline;
    const method = options.method ?? 'GET';
    let wasRefused = false;
    for (let hops = 0; ; hops++) {
      const what = `${method} ${this.url}${path.replace(/\?.*/, '')}`;
      try {
        const credentials = await this.#credentials(signal);
        const response = await this.open(path, { ...options, method, signal, credentials });
        const location = response.headers.location;
        if (response.statusCode! >= 301 && response.statusCode! <= 308 && location && method === 'GET' && hops < 3) {
          response.resume();
          this.#follow(path, location);
          continue;
        }
        const body = await readAll(response, this.#maxBytes);
        if (response.statusCode === 401 && credentials && this.#auth && 'refused' in this.#auth && !wasRefused) {
          wasRefused = true;
          this.#auth.refused(credentials);
          continue;
        }
        if (response.statusCode! < 200 || response.statusCode! > 299) throw refused(what, response.statusCode!, body);
        return { status: response.statusCode!, headers: response.headers, body };
      } catch (error) {
        throw this.#explain(what, error, deadline, options.signal);
      }
    }
  }

  /** The beginning of an answer, whose body the caller reads. */
  async open(path: string, options: { readonly method: 'GET' | 'POST'; readonly headers?: Record<string, string>; readonly body?: Buffer; readonly signal: AbortSignal; readonly credentials?: Credentials | undefined }): Promise<IncomingMessage> {
    const credentials = options.credentials ?? (await this.#credentials(options.signal));
    const url = new URL(this.url + path);
    const secure = url.protocol === 'https:';
    this.#agent ??= secure ? new HttpsAgent({ keepAlive: true, ...(this.#ca ? { secureContext: createSecureContext({ ca: this.#ca }) } : {}) }) : new HttpAgent({ keepAlive: true });
    const headers = {
      'user-agent': `git/${agentName}`,
      ...options.headers,
      ...(credentials ? { authorization: `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8').toString('base64')}` } : {}),
      ...(options.body ? { 'content-length': String(options.body.length) } : {}),
    };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (secure ? httpsRequest : httpRequest)(url, { method: options.method, headers, agent: this.#agent, signal: options.signal }, resolve);
    request.once('error', (error) => {
      // A kept connection may have been closed by the other side just now; that says nothing about the server.
      const stale = request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
      if (stale && options.method === 'GET') resolve(this.open(path, options));
      else reject(error);
    });
    request.setNoDelay(true);
    request.end(options.body);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #credentials(signal: AbortSignal): Promise<Credentials | undefined> {
    return this.#auth && 'get' in this.#auth ? this.#auth.get(signal) : this.#auth;
  }

  /** The server's repository lives elsewhere. Credentials go along only to the same host. */
  #follow(path: string, location: string): void {
    const from = new URL(this.url + path);
    const to = new URL(location, from);
    if (to.host !== from.host || (from.protocol === 'https:' && to.protocol !== 'https:')) throw new GitRemoteError('protocol', `${from.origin} redirects to another server, ${to.origin}: use that URL`);
    const suffix = path.replace(/\?.*/, '');
    if (!to.pathname.endsWith(suffix)) throw new GitRemoteError('protocol', `${from.origin} redirects to ${to.origin}${to.pathname}, which is no git address`);
    this[Symbol.dispose]();
    this.url = `${to.origin}${to.pathname.slice(0, -suffix.length)}`;
  }

  #explain(what: string, error: unknown, deadline: AbortSignal, signal: AbortSignal | undefined): GitRemoteError {
    if (error instanceof GitRemoteError) return error;
    if (signal?.aborted) return new GitRemoteError('aborted', `${what} was given up`, { cause: error });
    if (deadline.aborted) return new GitRemoteError('timeout', `${what}: no answer within ${this.timeoutMs} ms`, { cause: error });
    const { code, message } = error as NodeJS.ErrnoException;
    return new GitRemoteError('unreachable', `${what}: ${code === 'ECONNREFUSED' ? 'connection refused' : (message || code) ?? 'connection failed'}`, { cause: error });
  }
}

async function readAll(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const source = response.headers['content-encoding'] === 'gzip' ? pipeline(response, createGunzip(), () => {}) : response;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      response.destroy();
      throw new GitRemoteError('too-large', `the server's answer is larger than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refused(what: string, status: number, body: Buffer): GitRemoteError {
  const words = body.toString('utf8', 0, 300).split('\n')[0]!.trim();
  const detail = `${what}: ${status}${words && !words.startsWith('<') ? ` ${words}` : ''}`;
  if (status === 401 || status === 403) return new GitRemoteError('unauthorized', detail);
  if (status === 404 || status === 410) return new GitRemoteError('not-found', detail);
  if (status === 413) return new GitRemoteError('too-large', detail);
  if (status >= 500 || status === 429 || status === 408) return new GitRemoteError('unreachable', detail);
  return new GitRemoteError('protocol', detail);
}
