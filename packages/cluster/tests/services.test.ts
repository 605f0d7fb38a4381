import { endpoints, endpointSlices, pods, services, type Endpoints, type EndpointSlice, type Pod, type Service } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Program } from '../src/index.ts';
import { forever, programs } from './programs.ts';
import { startWorld } from './world.ts';

const PORT = 15_432;

/** Says its pod's name and echoes, until the other side has said all. */
const echo: Program = (context) => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.write(`${context.pod.metadata.name}:`);
    socket.pipe(socket);
  });
  server.listen({ host: context.podIP, port: PORT });
  return forever(context).finally(() => server.close());
};

const pod = (name: string, ready = true): Pod =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'default', name, labels: { app: 'echo' } }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: ready ? 'echo' : 'unready', ports: [{ name: 'tcp', containerPort: PORT }] }] } }) as KubeObject as Pod;

/** What comes back when we say `text` and then no more. */
function ask(host: string, port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk) => (answer += chunk));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
    socket.end(text);
  });
}

describe('a Service', () => {
  it('is reached at its own address, through pods that are ready, in turn, with both ends half closed in order', async () => {
    await using world = await startWorld({ catalogue: programs({ echo, unready: (context) => (context.setReady(false), echo(context)) }) });
    const { client } = world.plane;
    for (const name of ['one', 'two']) await client.create(pods, pod(name));
    await client.create(pods, pod('three', false));
    const service = await client.create<Service>(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'default', name: 'echo' },
      spec: { selector: { app: 'echo' }, ports: [{ name: 'main', port: 5432, targetPort: 'tcp' }] },
    });
    const host = service.spec!.clusterIP!;
    expect(host).toMatch(/^127\./);
    await eventually(async () => {
      const found = await client.get<Endpoints>(endpoints, { namespace: 'default', name: 'echo' });
      expect(found.subsets?.[0]?.addresses?.map(({ targetRef }) => targetRef?.name)).toEqual(['one', 'two']);
      expect(found.subsets?.[0]?.notReadyAddresses?.map(({ targetRef }) => targetRef?.name)).toEqual(['three']);
    });
    await eventually(async () => {
      const { items } = await client.list<EndpointSlice>(endpointSlices, { namespace: 'default', labelSelector: 'kubernetes.io/service-name=echo' });
      expect(items.flatMap((slice) => slice.endpoints ?? []).map(({ conditions }) => conditions?.ready)).toEqual([true, true, false]);
    });
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => ask(host, 5432, `${index}`.repeat(100_000))));
    expect(answers.map((answer) => answer.length)).toEqual(Array.from({ length: 6 }, () => 100_004));
    expect(answers.map((answer) => answer.slice(0, 4)).toSorted()).toEqual(['one:', 'one:', 'one:', 'two:', 'two:', 'two:']);

    await client.delete(pods, { namespace: 'default', name: 'one' });
    await client.delete(pods, { namespace: 'default', name: 'two' });
    await eventually(async () => expect((await client.get<Endpoints>(endpoints, { namespace: 'default', name: 'echo' })).subsets?.[0]?.addresses).toBeUndefined());
    await expect(ask(host, 5432, 'x')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await client.create(pods, pod('four'));
    await eventually(async () => expect(await ask(host, 5432, 'again')).toBe('four:again'));

    await client.delete(services, { namespace: 'default', name: 'echo' });
    await eventually(() => expect(ask(host, 5432, 'x')).rejects.toMatchObject({ code: 'ECONNREFUSED' }));
    await eventually(async () => expect(await client.find(endpoints, { namespace: 'default', name: 'echo' })).toBeUndefined());
  });

  it('without a selector leads where its Endpoints say, and after a restart, too', async () => {
    await using world = await startWorld({ catalogue: programs({ echo }) });
    const { client } = world.plane;
    await client.create(pods, pod('one'));
    const meta = { namespace: 'default', name: 'manual' };
    const service = await client.create<Service>(services, { apiVersion: 'v1', kind: 'Service', metadata: meta, spec: { ports: [{ port: 5433 }] } });
    const ip = await eventually(async () => (await client.get<Pod>(pods, { namespace: 'default', name: 'one' })).status?.podIP ?? false);
    await client.create<Endpoints>(endpoints, { apiVersion: 'v1', kind: 'Endpoints', metadata: meta, subsets: [{ addresses: [{ ip }], ports: [{ port: PORT }] }] });
    await eventually(async () => expect(await ask(service.spec!.clusterIP!, 5433, 'hello')).toBe('one:hello'));
    await world.restart();
    await eventually(async () => expect(await ask(service.spec!.clusterIP!, 5433, 'hello')).toBe('one:hello'));
    expect((await client.get<Endpoints>(endpoints, meta)).subsets?.[0]?.addresses).toEqual([{ ip }]);
  });
});
