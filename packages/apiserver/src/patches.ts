import { badRequest, isJsonObject } from '@plinth/apimachinery';
import type { JsonSchema } from '@plinth/api';
export function applyJsonPatch(_current: unknown, _patch: unknown): unknown { throw badRequest('not yet'); }
export function applyMergePatch(current: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, unknown> = isJsonObject(current) ? { ...current } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = applyMergePatch(result[key], value);
  }
  return result;
}
export function applyStrategicPatch(_schema: JsonSchema, current: unknown, patch: unknown): unknown { return applyMergePatch(current, patch); }
