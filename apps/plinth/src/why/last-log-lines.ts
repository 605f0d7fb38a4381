import type { Client } from '@plinth/client';
import type { why } from '@plinth/platform';

export interface LastLines {
  readonly container: string;
  readonly lines: readonly string[];
}

/** What the container that failed printed last, if its pod is still there. */
export async function lastLogLines(client: Client, { pod }: why.ReadChain): Promise<LastLines | undefined> {
  if (!pod) return undefined;
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const failed = statuses.find(({ state, lastState }) => (state?.terminated?.exitCode ?? 0) !== 0 || (lastState?.terminated?.exitCode ?? 0) !== 0);
  if (!failed) return undefined;
  // Started again, and nothing printed yet: the lines of the run before.
  const previous = failed.state?.terminated ? undefined : 'true';
  const { status, body } = await client.request({
    method: 'GET',
    path: `/api/v1/namespaces/${pod.metadata.namespace ?? ''}/pods/${pod.metadata.name}/log`,
    query: { container: failed.name, tailLines: String(MAX_LINES), ...(previous ? { previous } : {}) },
  });
  if (status !== 200 || typeof body !== 'string') return undefined;
  const lines = body.split('\n').filter((line) => line.trim() !== '').slice(-MAX_LINES);
  return lines.length > 0 ? { container: failed.name, lines } : undefined;
}

const MAX_LINES = 8;
