import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface HttpAnswer {
  /** 0: there was none, and `body` says why. */
  readonly status: number;
  readonly body: string;
}

/** Asks a URL whose name is a `*.localhost`, which browsers and curl know and the C library does not. */
export function ask(url: string, options: { readonly method?: string; readonly json?: unknown; readonly agent?: Agent } = {}): Promise<HttpAnswer> {
  const { host, port, pathname } = new URL(url);
  const { method = 'GET', json, agent = false } = options;
  return new Promise((resolve) => {
    const request = httpRequest({ host: '127.0.0.1', port, path: pathname, method, agent, headers: { host, ...(json === undefined ? {} : { 'content-type': 'application/json' }) }, timeout: 10_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', (error) => resolve({ status: 0, body: error.message }));
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 10 s')));
    request.on('error', (error) => resolve({ status: 0, body: error.message }));
    request.end(json === undefined ? undefined : JSON.stringify(json));
  });
}

/** A client that does not stop asking; disposing it ends it. */
export interface Poller extends AsyncDisposable {
  readonly asked: number;
  /** Every answer that was not 200. */
  readonly failures: readonly string[];
}

/** Reads over a connection that is kept, and changes something over new ones, about a hundred times a second in all. */
export function poll(read: string, change: { readonly url: string; readonly json: unknown }): Poller {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const stop = new AbortController();
  const failures: string[] = [];
  let asked = 0;
  const loop = async (once: () => Promise<HttpAnswer>, what: string): Promise<void> => {
    while (!stop.signal.aborted) {
      const { status, body } = await once();
      asked += 1;
      if (status !== 200) failures.push(`${what} at ${new Date().toISOString()}: ${status} ${body.slice(0, 200)}`);
      await delay(20, undefined, { signal: stop.signal }).catch(() => {});
    }
  };
  const loops = [loop(() => ask(read, { agent }), `GET ${read}`), loop(() => ask(change.url, { method: 'PATCH', json: change.json }), `PATCH ${change.url}`)];
  return {
    get asked() {
      return asked;
    },
    failures,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await Promise.all(loops);
      agent.destroy();
    },
  };
}
