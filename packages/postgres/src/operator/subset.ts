import { deepEqual } from '@plinth/apimachinery';

/**
 * Whether everything that is wanted is there. The API server fills in defaults, so an object is never equal to what was
 * written; members that are not wanted do not matter, while lists must have the same length.
 */
export function covers(actual: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  if (Array.isArray(wanted)) return Array.isArray(actual) && actual.length === wanted.length && wanted.every((item, index) => covers(actual[index], item));
  if (isRecord(wanted)) {
    // The API server drops empty maps and empty strings from what it stores.
    if (!isRecord(actual)) return actual === undefined && Object.keys(wanted).length === 0;
    return Object.entries(wanted).every(([name, value]) => covers(actual[name], value));
  }
  return deepEqual(actual, wanted) || (wanted === '' && actual === undefined);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
