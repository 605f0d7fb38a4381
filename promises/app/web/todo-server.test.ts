import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runTodo } from './run-todo.ts';
import { createTodoServer } from './todo-server.ts';
import type { Todo, TodoStore } from './todo-store.ts';

function memoryStore(): TodoStore & { isLost: boolean } {
  const all = new Map<number, Todo>();
  const store = {
    isLost: false,
    list: async () => (await store.check(), [...all.values()]),
    add: async (title: string) => {
      const todo = { id: all.size + 1, title, done: false };
      all.set(todo.id, todo);
      return todo;
    },
    setDone: async (id: number, done: boolean) => {
      const found = all.get(id);
      if (found) all.set(id, { ...found, done });
      return all.get(id);
    },
    remove: async (id: number) => all.delete(id),
    check: async () => {
      if (store.isLost) throw new Error('connect ECONNREFUSED 127.0.0.1:5432');
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return store;
}

async function start(title = 'To do') {
  const store = memoryStore();
  const lines: string[] = [];
  const server = createTodoServer({ store, title, log: (line) => lines.push(line) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${url}${path}`, { redirect: 'manual', ...init });
  const json = (method: string, body: unknown): RequestInit => ({ method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const form = (fields: Record<string, string>): RequestInit => ({ method: 'POST', body: new URLSearchParams(fields) });
  return { store, lines, ask, json, form, [Symbol.asyncDispose]: async () => void (server.close(), server.closeAllConnections(), await once(server, 'close')) };
}

describe('the API', () => {
  it('adds, lists, ticks off and removes', async () => {
    await using app = await start();
    const { ask, json } = app;
    expect([(await ask('/api/todos', json('POST', { title: ' buy milk ' }))).status, await (await ask('/api/todos')).json()]).toEqual([201, [{ id: 1, title: 'buy milk', done: false }]]);
    expect(await (await ask('/api/todos/1', json('PATCH', { done: true }))).json()).toEqual({ id: 1, title: 'buy milk', done: true });
    expect([(await ask('/api/todos/1', { method: 'DELETE' })).status, await (await ask('/api/todos')).json()]).toEqual([204, []]);
  });

  it.each([
    ['POST', '/api/todos', { title: '' }, 400, 'the title needs 1 to 200 characters'],
    ['POST', '/api/todos', { title: 'x'.repeat(201) }, 400, 'the title needs 1 to 200 characters'],
    ['POST', '/api/todos', [1], 400, 'the body is no JSON object'],
    ['POST', '/api/todos', { title: 'x'.repeat(20_000) }, 413, 'the body is larger than 16384 bytes'],
    ['PATCH', '/api/todos/7', { done: true }, 404, 'there is no such entry'],
    ['PATCH', '/api/todos/7', {}, 400, 'done must be true or false'],
    ['PUT', '/api/todos', {}, 404, 'there is no /api/todos to PUT'],
  ])('answers %s %s %j with %i', async (method, path, body, status, error) => {
    await using app = await start();
    const response = await app.ask(path, app.json(method, body));
    expect([response.status, await response.json()]).toEqual([status, { error }]);
  });

  it('refuses changes that another site makes a browser send', async () => {
    await using app = await start();
    expect((await app.ask('/todos', { ...app.form({ title: 'x' }), headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
  });

  it('says that the database is gone, and logs why', async () => {
    await using app = await start();
    app.store.isLost = true;
    for (const path of ['/healthz', '/api/todos', '/']) expect((await app.ask(path)).status).toBe(503);
    expect(app.lines[0]).toBe('GET /healthz: connect ECONNREFUSED 127.0.0.1:5432');
    app.store.isLost = false;
    expect(await (await app.ask('/healthz')).json()).toEqual({ status: 'ok' });
  });
});

describe('the page', () => {
  it('works by forms alone, and shows what people wrote as text', async () => {
    await using app = await start('Shopping & more');
    const { ask, form } = app;
    const added = await ask('/todos', form({ title: '<script>alert("x")</script>' }));
    expect([added.status, added.headers.get('location')]).toEqual([303, '/']);
    const shown = await ask('/');
    const html = await shown.text();
    expect(html).toContain('<h1>Shopping &#38; more</h1>');
    expect(html).toContain('<span>&#60;script&#62;alert(&#34;x&#34;)&#60;/script&#62;</span>');
    expect(html).toContain('1 of 1 to do.');
    expect(shown.headers.get('content-security-policy')).toContain("default-src 'none'");
    await ask('/todos/1', form({ done: 'true' }));
    expect(await (await ask('/')).text()).toContain('aria-checked="true"');
    await ask('/todos/1/delete', form({}));
    expect(await (await ask('/')).text()).toContain('Nothing to do yet.');
  });

  it('says at the field what was wrong with it', async () => {
    await using app = await start();
    const response = await app.ask('/todos', app.form({ title: '  ' }));
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/aria-describedby="problem" aria-invalid="true"[\s\S]*<p id="problem" role="alert">the title needs 1 to 200 characters<\/p>/);
  });
});

describe(runTodo, () => {
  it('serves before there is a database, says so, and stops in order', async () => {
    const stop = new AbortController();
    const port = Promise.withResolvers<number>();
    const lines: string[] = [];
    const ended = runTodo({ env: { PGHOST: 'db.shop.svc', PORT: '0' }, host: '127.0.0.1', log: (line) => lines.push(line), signal: stop.signal, listening: port.resolve, lookup: (hostname, _options, callback) => callback(Object.assign(new Error(`no Service ${hostname}`), { code: 'ENOTFOUND' }), '', 4) });
    const url = `http://127.0.0.1:${await port.promise}`;
    expect((await fetch(`${url}/healthz`)).status).toBe(503);
    stop.abort();
    expect(await ended).toBe(0);
    expect(lines).toEqual([`serving at ${url}`, 'GET /healthz: no Service db.shop.svc', 'stopped']);
  });

  it('says what is missing when nobody gave it a database', async () => {
    const lines: string[] = [];
    expect(await runTodo({ env: {}, host: '127.0.0.1', log: (line) => lines.push(line), signal: AbortSignal.abort() })).toBe(1);
    expect(lines[0]).toContain('dbDriver: postgresql does');
  });
});
