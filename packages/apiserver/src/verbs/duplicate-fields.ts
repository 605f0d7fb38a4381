import { isJsonObject } from '@plinth/apimachinery';

/** Which keys stood twice in the text that a body was parsed from; a value cannot say so itself. */
const noted = new WeakMap<object, readonly string[]>();

export function noteDuplicates(value: unknown, duplicates: readonly string[]): unknown {
  if (duplicates.length > 0 && isJsonObject(value)) noted.set(value, duplicates);
  return value;
}

export const duplicatesIn = (value: unknown): readonly string[] => (isJsonObject(value) ? (noted.get(value) ?? []) : []);
