import type { Client } from '@plinth/client';

/** What the platform's controllers did, from its `/metrics`. */
export interface Cost {
  /** By controller; those of a Promise's requests are `request`. */
  readonly reconciles: Readonly<Record<string, number>>;
  /** Writes to the API server by kind: `works/status`. */
  readonly writes: Readonly<Record<string, number>>;
}

export interface CostPerRequest {
  readonly reconciles: number;
  readonly writes: number;
  readonly by: Cost;
}

/** The platform's own; controllers of Kubernetes and the GitOps agent run in the same process. */
const OURS = /^(request|promise\w*|work|workplacement|destination|\w+statestore|healthrecord|jobpods|dryrun[\w-]*)$/;

export async function readCost(platform: Client): Promise<Cost> {
  const { body } = await platform.request({ method: 'GET', path: '/metrics' });
  const lines = String(body).split('\n');
  const reconciles: Record<string, number> = {};
  for (const { labels, value } of series(lines, 'controller_runtime_reconcile_total')) {
    const name = (labels['controller'] ?? '').split(':')[0]!;
    if (OURS.test(name)) reconciles[name] = (reconciles[name] ?? 0) + value;
  }
  const writes: Record<string, number> = {};
  for (const { labels, value } of series(lines, 'plinth_api_requests_total')) {
    const { verb = '', resource = '', subresource } = labels;
    const kind = subresource ? `${resource}/${subresource}` : resource;
    if (verb !== 'get' && verb !== 'list') writes[kind] = (writes[kind] ?? 0) + value;
  }
  return { reconciles, writes };
}

/** What was done between two looks, for each of `count` requests. */
export function costPerRequest(before: Cost, after: Cost, count: number): CostPerRequest {
  const less = (now: Cost['writes'], then: Cost['writes']): Record<string, number> =>
    Object.fromEntries(Object.entries(now).map(([name, value]) => [name, round((value - (then[name] ?? 0)) / count)] as const).filter(([, value]) => value > 0));
  const by = { reconciles: less(after.reconciles, before.reconciles), writes: less(after.writes, before.writes) };
  const sum = (values: Cost['writes']): number => round(Object.values(values).reduce((total, value) => total + value, 0));
  return { reconciles: sum(by.reconciles), writes: sum(by.writes), by };
}

function series(lines: readonly string[], name: string): readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[] {
  return lines.filter((line) => line.startsWith(`${name}{`)).map((line) => ({
    labels: Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!])),
    value: Number(line.slice(line.lastIndexOf(' ') + 1)),
  }));
}

const round = (value: number): number => Math.round(value * 100) / 100;
