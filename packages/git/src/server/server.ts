import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { GitFormatError, GitLimitError } from '../errors.ts';
import { Gatekeeper } from './auth.ts';
import { RefEvents } from './events.ts';
import { listen } from './listen.ts';
import { defaultLimits } from './options.ts';
import type { GitServerLimits, GitServerOptions, RepositoryRefUpdate, RepositorySpec } from './options.ts';
import { answerPage } from './pages/pages.ts';
import { HeldBytes, HttpRefusal } from './request-body.ts';
import { RepositorySet } from './repository-set.ts';
import type { RepositoryName } from './repository-set.ts';
import { answerInfoRefs, answerService, isService } from './smart-http.ts';

/** A running git server. */
export interface GitServer extends AsyncDisposable {
  /** `http://HOST:PORT`; with TLS the same port takes `https://` as well. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Makes a repository if it is missing. */
  ensureRepository(owner: string, name: string, options?: Omit<RepositorySpec, 'owner' | 'name'>): Promise<void>;
  repositories(): Promise<readonly RepositoryName[]>;
  /** Calls back after each ref update that has been acknowledged or is about to be; the returned function ends it. */
  onRefUpdate(listener: (update: RepositoryRefUpdate) => void): () => void;
  /** Resolves when no packs are being joined. */
  settle(): Promise<void>;
}

/**
 * Starts a git server on the repositories below one folder: smart HTTP for stock git of any age, a stream of ref updates at
 * `/OWNER/NAME/-/events`, and pages to look at. A push is on disk before it is acknowledged.
 * Rejects when the port is taken or the folder cannot be used. Runs until it is disposed of.
 */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const log = options.log ?? ((): void => {});
  const limits: GitServerLimits = { ...defaultLimits, ...options.limits };
  const repositories = await RepositorySet.open(options.dataDir, {
    consolidateAfter: options.consolidateAfterPacks ?? 50,
    log: (message, err, repository) => log({ level: 'warn', message, err, repository }),
  });
  for (const spec of options.repositories ?? []) await repositories.ensure(spec);
  const events = new RefEvents(limits.maxSubscribers);
  const front = new Front(options, limits, repositories, events);
  const listener = await listen((request, response) => void front.answer(request, response), {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    tls: options.tls,
    requestTimeoutMs: limits.requestTimeoutMs,
  });
  const shownHost = listener.host.includes(':') ? `[${listener.host}]` : listener.host;
  return {
    url: `http://${shownHost}:${listener.port}`,
    host: listener.host,
    port: listener.port,
    ensureRepository: async (owner, name, spec) => void (await repositories.ensure({ owner, name, ...spec })),
    repositories: () => repositories.list(),
    onRefUpdate: (each) => events.listen(each),
    settle: () => repositories.settle(),
    [Symbol.asyncDispose]: async () => {
      events.close();
      await listener[Symbol.asyncDispose]();
      await front.idle();
      await repositories[Symbol.asyncDispose]();
    },
  };
}

/** Takes each request to whom it is for, and turns whatever goes wrong into an answer. */
class Front {
  readonly #options: GitServerOptions;
  readonly #limits: GitServerLimits;
  readonly #repositories: RepositorySet;
  readonly #events: RefEvents;
  readonly #gate: Gatekeeper;
  readonly #held: HeldBytes;
  readonly #working = new Set<Promise<void>>();
  #gitRequests = 0;

  constructor(options: GitServerOptions, limits: GitServerLimits, repositories: RepositorySet, events: RefEvents) {
    this.#options = options;
    this.#limits = limits;
    this.#repositories = repositories;
    this.#events = events;
    this.#gate = new Gatekeeper(options);
    this.#held = new HeldBytes(limits.maxHeldBytes);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const work = this.#route(request, response)
      .catch((error: unknown) => this.#fail(request, response, error))
      .catch((error: unknown) => {
        this.#options.log?.({ level: 'error', message: 'answering failed', err: error });
        response.destroy();
      });
    this.#working.add(work);
    await work;
    this.#working.delete(work);
  }

  async idle(): Promise<void> {
    await Promise.all(this.#working);
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = parseUrl(request.url ?? '/');
    const git = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack|-\/events)$/.exec(url.pathname);
    if (git) return this.#answerGit(request, response, url, git[1]!, git[2]!, git[3]!);
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new HttpRefusal(405, `${request.method ?? '?'} is not possible here`);
    if (!this.#gate.check(request, 'read').allowed) return unauthorized(response);
    await answerPage({ repositories: this.#repositories, request, response, url, publicUrl: this.#options.publicUrl });
  }

  async #answerGit(request: IncomingMessage, response: ServerResponse, url: URL, owner: string, name: string, rest: string): Promise<void> {
    const service = rest === 'info/refs' ? url.searchParams.get('service') : rest;
    const act = service === 'git-receive-pack' ? 'write' : 'read';
    // Before the name is looked at, so that strangers learn nothing about which repositories there are.
    if (!this.#gate.check(request, act).allowed) return unauthorized(response);
    const repository = this.#repositories.get(owner, name);
    if (!repository) throw new HttpRefusal(404, 'no such repository');
    if (rest === '-/events') {
      requireMethod(request, 'GET');
      this.#events.subscribe(`${owner}/${name}`, repository, response);
      return;
    }
    if (!isService(service)) throw new HttpRefusal(403, 'only the smart HTTP protocol is served here: use git 1.6.6 or newer');
    requireMethod(request, rest === 'info/refs' ? 'GET' : 'POST');
    if (rest === 'info/refs') return answerInfoRefs(repository, service, request, response);
    await this.#bounded(response, (signal) =>
      answerService(repository, service, request, response, {
        limits: this.#limits,
        held: this.#held,
        signal,
        onUpdate: (update) => this.#events.publish({ owner, name, ...update }),
        log: (message, err) => this.#options.log?.({ level: 'error', message, err, repository: `${owner}/${name}` }),
      }),
    );
    if (act === 'write') this.#repositories.tidy(owner, name);
  }

  /** One of the few at work at once, for a limited time, and no longer than the client listens. */
  async #bounded(response: ServerResponse, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#gitRequests >= this.#limits.maxConcurrent) throw new HttpRefusal(503, 'too many git requests at once, try again in a moment');
    const gone = new AbortController();
    const close = (): void => gone.abort();
    response.once('close', close);
    this.#gitRequests++;
    try {
      await work(AbortSignal.any([gone.signal, AbortSignal.timeout(this.#limits.requestTimeoutMs)]));
    } finally {
      this.#gitRequests--;
      response.off('close', close);
    }
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const refusal = error instanceof HttpRefusal ? error : error instanceof GitLimitError ? new HttpRefusal(413, error.message) : error instanceof GitFormatError ? new HttpRefusal(400, error.message) : undefined;
    if (!refusal && !response.destroyed) this.#options.log?.({ level: 'error', message: 'request failed', err: error });
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const status = refusal?.status ?? 500;
    // The response lets go of its socket when it is done; a client that hung up has taken it along already.
    const socket: Socket | null = request.socket;
    // The body may not have been read to its end: this connection cannot be used again.
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close', 'x-content-type-options': 'nosniff', ...(status === 503 ? { 'retry-after': '1' } : {}) });
    response.end(`${refusal?.message ?? 'internal error'}\n`, () => {
      if (!request.complete) setTimeout(() => socket?.destroy(), 1000).unref();
    });
  }
}

function unauthorized(response: ServerResponse): void {
  response.writeHead(401, { 'content-type': 'text/plain; charset=utf-8', 'www-authenticate': 'Basic realm="Plinth git", charset="UTF-8"' });
  response.end('credentials are needed here\n');
}

function requireMethod(request: IncomingMessage, method: string): void {
  if (request.method !== method) throw new HttpRefusal(405, `${request.method ?? '?'} is not possible here`);
}

function parseUrl(target: string): URL {
  try {
    return new URL(target, 'http://local.invalid');
  } catch {
    throw new HttpRefusal(400, 'the request target is no valid URL');
  }
}
