import { badRequest, serviceUnavailable, type UnstructuredObject } from '@plinth/apimachinery';
import type { Core } from '../core.ts';
import type { Reply } from '../reply.ts';
import type { ApiRequest } from '../request.ts';
import { listAt, objectAt } from '../strategies/members.ts';
import { get } from '../verbs/get.ts';
import type { SubresourceTarget } from './route.ts';

/** `kubectl logs`. Errors: BadRequest in the kubelet's words while there is nothing to read. */
export async function podLog(core: Core, request: ApiRequest, { served, namespace, name }: SubresourceTarget): Promise<Reply> {
  const pod = get(core, served, namespace, name);
  const { query } = request;
  const flag = (key: string): boolean => query.get(key) === 'true' || query.get(key) === '1';
  const previous = flag('previous');
  const container = containerOf(pod, query.get('container') ?? '');
  checkState(pod, container, previous);
  if (!core.podLogs) throw serviceUnavailable('no node keeps logs: the node agent is not running');
  const tailLines = whole(query, 'tailLines');
  const limitBytes = whole(query, 'limitBytes');
  const since = sinceOf(query, core.now());
  const signal = AbortSignal.any([request.signal, core.signal]);
  const chunks = core.podLogs({
    pod,
    container,
    follow: flag('follow'),
    previous,
    timestamps: flag('timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(since === undefined ? {} : { since }),
    signal,
  });
  return { type: 'chunks', chunks: await opened(limitBytes === undefined ? chunks : limited(chunks, limitBytes)) };
}

function containerOf(pod: UnstructuredObject, asked: string): string {
  const { name } = pod.metadata;
  const of = (key: string): readonly string[] => listAt(pod, 'spec', key).map((container) => String(container['name']));
  const containers = of('containers');
  const init = of('initContainers');
  if (asked === '') {
    if (containers.length === 1) return containers[0]!;
    const initText = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]${initText}`);
  }
  if (![...containers, ...init, ...of('ephemeralContainers')].includes(asked)) throw badRequest(`container ${asked.slice(0, 63)} is not valid for pod ${name}`);
  return asked;
}

/** What the container's status says about there being a log. */
function checkState(pod: UnstructuredObject, container: string, previous: boolean): void {
  const { name } = pod.metadata;
  const statuses = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'].flatMap((key) => listAt(pod, 'status', key));
  const found = statuses.find((status) => status['name'] === container);
  const ended = objectAt(found, 'lastState', 'terminated');
  if (previous) {
    if (!ended) throw badRequest(`previous terminated container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} not found`);
    return;
  }
  const waiting = objectAt(found, 'state', 'waiting');
  if (found && (!waiting || ended)) return;
  const reason = typeof waiting?.['reason'] === 'string' ? waiting['reason'] : 'ContainerCreating';
  const why = reason === 'ErrImagePull' || reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : reason;
  throw badRequest(`container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} is waiting to start: ${why}`);
}

function whole(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key) ?? '';
  if (text === '') return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) throw badRequest(`${key}: Invalid value: ${JSON.stringify(text.slice(0, 64))}: must be greater than or equal to 0`);
  return Number(text);
}

function sinceOf(query: URLSearchParams, now: number): Date | undefined {
  const seconds = whole(query, 'sinceSeconds');
  if (seconds !== undefined) return new Date(now - seconds * 1_000);
  const time = query.get('sinceTime') ?? '';
  if (time === '') return undefined;
  const since = new Date(time);
  if (Number.isNaN(since.getTime())) throw badRequest(`sinceTime: Invalid value: ${JSON.stringify(time.slice(0, 64))}: must be an RFC 3339 time`);
  return since;
}

async function* limited(chunks: AsyncIterable<string | Uint8Array>, limit: number): AsyncIterable<Uint8Array> {
  let left = limit;
  if (left === 0) return;
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    yield bytes.subarray(0, left);
    left -= bytes.byteLength;
    if (left <= 0) return;
  }
}

/** Gives a source that refuses at once the time to say so, while the answer can still be a failure. */
async function opened(chunks: AsyncIterable<string | Uint8Array>): Promise<AsyncIterable<string | Uint8Array>> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = iterator.next();
  first.catch(() => {});
  const soon = new Promise<void>((resolve) => setTimeout(resolve, 20).unref());
  await Promise.race([first, soon]);
  let begun = false;
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        if (begun) return iterator.next();
        begun = true;
        return first;
      },
      return: async () => {
        await iterator.return?.();
        return { done: true, value: undefined };
      },
    }),
  };
}
