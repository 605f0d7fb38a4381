import { isJsonObject } from '@plinth/apimachinery';

export type Members = Record<string, unknown>;

/** A member that is an object, made when it is not there. Only for drafts, which belong to one request. */
export function ensureObject(owner: Members, key: string): Members {
  const value = owner[key];
  if (isJsonObject(value)) {
    // A default may be shared with the schema that it came from.
    const own = { ...value };
    owner[key] = own;
    return own;
  }
  const made: Members = {};
  owner[key] = made;
  return made;
}

export function fillIn(owner: Members, defaults: Readonly<Members>): void {
  for (const [key, value] of Object.entries(defaults)) owner[key] ??= value;
}

export const objectAt = (value: unknown, ...path: readonly string[]): Readonly<Members> | undefined => {
  let current: unknown = value;
  for (const key of path) current = isJsonObject(current) ? current[key] : undefined;
  return isJsonObject(current) ? current : undefined;
};

export const listAt = (value: unknown, ...path: readonly string[]): readonly Readonly<Members>[] => {
  const owner = objectAt(value, ...path.slice(0, -1));
  const list = owner?.[path.at(-1)!];
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
};

/** Replaces the objects of a list by copies that may be changed, and returns them. */
export function ownItems(owner: Members, key: string): readonly Members[] {
  const list = owner[key];
  if (!Array.isArray(list)) return [];
  const copies = list.map((item: unknown) => (isJsonObject(item) ? { ...item } : item));
  owner[key] = copies;
  return copies.filter(isJsonObject) as Members[];
}

/** Whether the spec is the very one that is stored, as in writes of status or labels: it has its defaults and is valid. */
export const hasStoredSpec = (object: Readonly<Members>, old: Readonly<Members> | undefined): boolean => old !== undefined && object['spec'] === old['spec'];
