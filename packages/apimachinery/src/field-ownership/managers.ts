import type { ManagedFieldsEntry } from '../object.ts';
import type { FieldTrie } from './field-trie.ts';
import { EMPTY_TRIE, isEmptyTrie, unionTries } from './field-trie.ts';
import { parseFieldsV1, printFieldsV1 } from './fields-v1.ts';

/** One manager of an object and the fields that it owns. */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldTrie;
}

/** The entries of an object; `undefined` when they cannot be understood, which users may bring about. */
export function parseManagers(entries: unknown): readonly Manager[] | undefined {
  if (entries === undefined || entries === null) return [];
  if (!Array.isArray(entries)) return undefined;
  const managers: Manager[] = [];
  for (const entry of entries as readonly Partial<ManagedFieldsEntry>[]) {
    if (entry.fieldsType !== 'FieldsV1' || (entry.operation !== 'Apply' && entry.operation !== 'Update')) return undefined;
    const fields = parseFieldsV1(entry.fieldsV1 ?? {});
    if (!fields) return undefined;
    managers.push({
      manager: String(entry.manager ?? ''),
      operation: entry.operation,
      apiVersion: String(entry.apiVersion ?? ''),
      subresource: String(entry.subresource ?? ''),
      time: typeof entry.time === 'string' ? entry.time : undefined,
      fields,
    });
  }
  return managers;
}

/** Entries as they stand in an object, in Kubernetes' order; managers that own nothing are left out. */
export function printManagers(managers: readonly Manager[]): readonly ManagedFieldsEntry[] {
  return managers
    .filter(({ fields }) => !isEmptyTrie(fields))
    .sort(compareManagers)
    .map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
      apiVersion,
      fieldsType: 'FieldsV1' as const,
      fieldsV1: printFieldsV1(fields),
      manager,
      operation,
      ...(subresource ? { subresource } : {}),
      ...(time ? { time } : {}),
    }));
}

function compareManagers(left: Manager, right: Manager): number {
  return (
    compareText(left.operation, right.operation) ||
    compareText(left.time ?? '', right.time ?? '') ||
    compareText(left.manager, right.manager) ||
    compareText(left.subresource, right.subresource)
  );
}

const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** One manager may hold an entry per operation and subresource. */
export const isSameManager = (
  left: Pick<Manager, 'manager' | 'operation' | 'subresource'>,
  right: Pick<Manager, 'manager' | 'operation' | 'subresource'>,
): boolean =>
  left.manager === right.manager && left.operation === right.operation && left.subresource === right.subresource;

/** How many managers that update may have entries of their own; the oldest others share one, as in Kubernetes. */
const MAX_UPDATE_MANAGERS = 10;
const ANCIENT = 'ancient-changes';

export function capUpdateManagers(managers: readonly Manager[]): readonly Manager[] {
  const updates = managers.filter(({ operation }) => operation === 'Update');
  if (updates.length <= MAX_UPDATE_MANAGERS) return managers;
  const oldestFirst = updates
    .filter(({ manager }) => manager !== ANCIENT)
    .sort((left, right) => compareText(left.time ?? '', right.time ?? ''));
  const kept = new Set(oldestFirst.slice(-(MAX_UPDATE_MANAGERS - 1)));
  const merged = updates.filter((update) => !kept.has(update));
  const newest = merged.reduce((latest, { time }) => (time !== undefined && time > latest ? time : latest), '');
  return [
    ...managers.filter((manager) => manager.operation === 'Apply' || kept.has(manager)),
    {
      manager: ANCIENT,
      operation: 'Update',
      apiVersion: merged.at(-1)?.apiVersion ?? 'v1',
      subresource: '',
      time: newest || undefined,
      fields: merged.reduce((fields, manager) => unionTries(fields, manager.fields), EMPTY_TRIE),
    },
  ];
}
