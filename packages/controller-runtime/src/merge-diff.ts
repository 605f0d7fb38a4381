import { deepEqual } from '@plinth/apimachinery';

/**
 * The JSON merge patch (RFC 7386) that turns `from` into `to`, or `undefined` when they are the same. A list is replaced
 * as a whole. `undefined` members count as absent.
 */
export function mergeDiff(from: unknown, to: unknown): unknown {
  if (!isRecord(from) || !isRecord(to)) return deepEqual(from, to) ? undefined : (to ?? null);
  const patch: Record<string, unknown> = {};
  for (const name of Object.keys(from)) if (from[name] !== undefined && to[name] === undefined) patch[name] = null;
  for (const [name, value] of Object.entries(to)) {
    if (value === undefined) continue;
    const change = from[name] === undefined ? value : mergeDiff(from[name], value);
    if (change !== undefined) patch[name] = change;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
