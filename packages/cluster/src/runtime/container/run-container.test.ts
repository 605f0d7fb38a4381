import { systemClock } from '@plinth/controller-runtime';
import { eventually, tempDir } from '@plinth/testing';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createEngineApi } from './engine-api.ts';
import { runContainer } from './run-container.ts';

it('ends, and says why, when the engine goes away with the container: first its output, then the wait for it', async () => {
  await using dir = await tempDir();
  const open = new Map<string, ServerResponse>();
  await using engine = createServer((request, response) => {
    const path = request.url!.replace(/^\/v[\d.]+|\?.*$/g, '');
    if (path === '/containers/create') return void response.writeHead(201).end('{"Id":"c"}');
    if (path !== '/containers/c/logs' && path !== '/containers/c/wait') return void response.writeHead(204).end();
    open.set(path, response);
    return response.flushHeaders();
  }).listen(join(dir.path, 'engine.sock'));
  await once(engine, 'listening');
  const container = await runContainer({ api: createEngineApi(join(dir.path, 'engine.sock')), name: 'n', config: { Image: 'x', Env: [], Labels: {}, HostConfig: {} }, log: () => {}, clock: systemClock });
  await eventually(() => expect(open.size).toBe(2));
  for (const path of ['/containers/c/logs', '/containers/c/wait']) {
    const lost = once(open.get(path)!, 'close');
    open.get(path)!.destroy();
    await lost;
  }
  expect(await container.ended).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
});
