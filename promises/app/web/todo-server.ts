import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { page } from './page.ts';
import { BadRequest, doneIn, readFields, titleIn } from './request-body.ts';
import type { TodoStore } from './todo-store.ts';

export interface TodoServerOptions {
  readonly store: TodoStore;
  readonly title: string;
  readonly log: (line: string) => void;
}

/**
 * A page for people, an API for programs, and `/healthz`:
 *
 * - `GET /`; `POST /todos`, `POST /todos/N`, `POST /todos/N/delete` from its forms
 * - `GET /api/todos`; `POST /api/todos {"title"}`; `PATCH /api/todos/N {"done"}`; `DELETE /api/todos/N`
 */
export function createTodoServer({ store, title, log }: TodoServerOptions): Server {
  return createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      if (error instanceof BadRequest) return send(response, error.status, { error: error.message });
      log(`${request.method} ${request.url}: ${error instanceof Error ? error.message : String(error)}`);
      send(response, 503, { error: 'the database does not answer' });
    });
  });

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const asked = `${request.method === 'HEAD' ? 'GET' : request.method} ${pathname}`;
    if (asked === 'GET /healthz') {
      await store.check();
      return send(response, 200, { status: 'ok' });
    }
    if (asked === 'GET /') return show(response, 200);
    if (asked === 'GET /api/todos') return send(response, 200, await store.list());
    if (request.headers['sec-fetch-site'] === 'cross-site') throw new BadRequest('another site may not change this list', 403);
    if (asked === 'POST /todos') return addFromForm(request, response);
    if (asked === 'POST /api/todos') return send(response, 201, await store.add(titleIn(await readFields(request))));
    const entry = /^(PATCH|DELETE|POST) (\/api)?\/todos\/(\d{1,9})(\/delete)?$/.exec(asked);
    if (!entry) return send(response, 404, { error: `there is no ${pathname} to ${request.method ?? ''}` });
    const [, method, api, number, action] = entry;
    const id = Number(number);
    if (api && method === 'PATCH') return found(response, await store.setDone(id, doneIn(await readFields(request))));
    if (api && method === 'DELETE') return found(response, (await store.remove(id)) || undefined, 204);
    if (api || method !== 'POST') return send(response, 405, { error: `${method} is not for ${pathname}` });
    if (action) await store.remove(id);
    else await store.setDone(id, doneIn(await readFields(request)));
    redirect(response);
  }

  async function addFromForm(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fields = await readFields(request);
    try {
      await store.add(titleIn(fields));
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      return show(response, error.status, error.message);
    }
    redirect(response);
  }

  async function show(response: ServerResponse, status: number, problem?: string): Promise<void> {
    const body = page({ title, todos: await store.list(), ...(problem ? { problem } : {}) });
    response.writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    });
    response.end(body);
  }
}

function found(response: ServerResponse, value: unknown, status = 200): void {
  if (value === undefined) send(response, 404, { error: 'there is no such entry' });
  else send(response, status, value);
}

function send(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent) return void response.destroy();
  const body = status === 204 ? '' : `${JSON.stringify(value)}\n`;
  // What is left of a body that was refused is not worth reading.
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store', ...(status === 413 ? { connection: 'close' } : {}) });
  response.end(body);
}

function redirect(response: ServerResponse): void {
  response.writeHead(303, { location: '/', 'content-length': 0 });
  response.end();
}
