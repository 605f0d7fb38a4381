import { applyDefaults, badRequest, duplicateFieldMessages, isJsonObject, memberOf, pruneUnknown, setMember, strictDecodingMessage, unknownFieldMessages, type ApiError, type UnstructuredObject } from '@plinth/apimachinery';
import type { Served } from '../registry/served.ts';
import type { Draft } from '../registry/strategy.ts';
import { duplicatesIn } from './duplicate-fields.ts';
import type { WriteOptions } from './write-options.ts';

/**
 * A body that claims to be an object of `served`, as a draft of its own. What it has from `current`, the object as it is
 * stored, stays shared with it, so that nobody looks again at what does not change. Errors: BadRequest.
 */
export function readDraft(served: Served, body: unknown, current?: UnstructuredObject): Draft {
  const copy = cloneJson(body, current);
  if (!isJsonObject(copy)) throw badRequest(`the body of the request must be a ${served.kind.kind}, found ${describe(copy)}`);
  const { apiVersion, kind, metadata } = copy;
  if (kind !== undefined && kind !== '' && kind !== served.kind.kind) {
    throw badRequest(
      `${served.kind.kind} in version ${JSON.stringify(served.kind.version)} cannot be handled as a ${String(kind).slice(0, 64)}: the object provided is unrecognized (must be of type ${served.kind.kind})`,
    );
  }
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== served.apiVersion) {
    throw badRequest(`the API version in the data (${String(apiVersion).slice(0, 128)}) does not match the expected API version (${served.apiVersion})`);
  }
  if (metadata !== undefined && metadata !== null && !isJsonObject(metadata)) throw badRequest(`metadata must be an object, found ${describe(metadata)}`);
  const draft = { ...copy, apiVersion: served.apiVersion, kind: served.kind.kind, metadata: readMetadata(metadata ?? {}) };
  return draft as unknown as Draft;
}

/**
 * Drops what the schema does not know (telling the caller as `fieldValidation` says) and fills in defaults. The draft
 * that is returned takes the place of the one given. What it shares with `old` has been through this before.
 */
export function normalise(served: Served, given: Draft, options: Pick<WriteOptions, 'fieldValidation'>, warn: (message: string) => void, old?: UnstructuredObject): Draft {
  const draft = served.crd === undefined ? (dropNulls(given, old, 0) as Draft) : given;
  const { value, unknown } = pruneUnknown(draft, served.kind.schema, { root: true, old });
  if (unknown.length > 0 && options.fieldValidation !== 'Ignore') {
    if (options.fieldValidation === 'Strict') throw strictError(served, unknown);
    for (const text of unknownFieldMessages(unknown)) warn(text);
  }
  return applyDefaults(value, served.kind.schema, old);
}

/** Keys that stand twice, and members of `metadata` that nobody knows: what is lost when a body becomes a draft. */
export function checkBody(served: Served, body: unknown, { fieldValidation }: Pick<WriteOptions, 'fieldValidation'>, warn: (message: string) => void): void {
  if (fieldValidation === 'Ignore') return;
  const duplicates = duplicatesIn(body);
  const metadata = isJsonObject(body) ? body['metadata'] : undefined;
  const unknown = isJsonObject(metadata) ? Object.keys(metadata).filter((key) => !Object.hasOwn(metadataTypes, key)).map((key) => `metadata.${key}`) : [];
  if (duplicates.length === 0 && unknown.length === 0) return;
  if (fieldValidation === 'Strict') throw strictError(served, unknown, duplicates);
  for (const text of [...duplicateFieldMessages(duplicates), ...unknownFieldMessages(unknown)]) warn(text);
}

function strictError(served: Served, unknown: readonly string[], duplicates: readonly string[] = []): ApiError {
  const list = strictDecodingMessage(unknown, duplicates);
  if (served.crd) return badRequest(list);
  const { kind, version } = served.kind;
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${list}`);
}

/** `metadata` with each field of the right type; errors as Kubernetes' decoder words them. */
function readMetadata(metadata: object): object {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(metadata)) {
    if (value === null || !Object.hasOwn(metadataTypes, key)) continue;
    const want = metadataTypes[key]!;
    if (!hasType(value, want)) {
      throw badRequest(`unrecognized type: json: cannot unmarshal ${describe(value)} into Go struct field ObjectMeta.metadata.${key} of type ${want}`);
    }
    if ((key === 'labels' || key === 'annotations') && Object.keys(value as object).length === 0) continue;
    if ((key === 'finalizers' || key === 'ownerReferences' || key === 'managedFields') && (value as unknown[]).length === 0) {
      // An empty list of managers is a request: forget what is recorded.
      if (key !== 'managedFields') continue;
    }
    result[key] = value;
  }
  return result;
}

const metadataTypes: Readonly<Record<string, string>> = {
  name: 'string',
  generateName: 'string',
  namespace: 'string',
  selfLink: 'string',
  uid: 'string',
  resourceVersion: 'string',
  generation: 'int64',
  creationTimestamp: 'string',
  deletionTimestamp: 'string',
  deletionGracePeriodSeconds: 'int64',
  labels: 'map[string]string',
  annotations: 'map[string]string',
  ownerReferences: '[]v1.OwnerReference',
  finalizers: '[]string',
  managedFields: '[]v1.ManagedFieldsEntry',
};

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'int64':
      return Number.isSafeInteger(value);
    case 'map[string]string':
      return isJsonObject(value) && Object.values(value).every((item) => typeof item === 'string');
    case '[]string':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    default:
      return Array.isArray(value) && value.every(isJsonObject);
  }
}

const describe = (value: unknown): string =>
  value === null || value === undefined ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;

/** How deep a body may be nested. Kubernetes' own types stay below 40; a schema inside a Promise inside a list below 100. */
const MAX_DEPTH = 256;

/**
 * A copy of a JSON value without `undefined` members, no deeper than {@link MAX_DEPTH}. Bodies from callers in the same
 * process are the callers' own and may be changed by them later, so the copy shares nothing with them, except for what is
 * at the same place in `kept`: that is the store's, and never changes.
 */
export function cloneJson(value: unknown, kept?: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
  }
  if (value === kept) return value;
  if (depth > MAX_DEPTH) throw badRequest(`the body is nested more than ${MAX_DEPTH} levels deep`);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = Array.isArray(kept) ? kept : [];
    return value.map((item, index) => cloneJson(item, items[index], depth + 1) ?? null);
  }
  if (value instanceof Date) return value.toISOString();
  const before = isJsonObject(kept) ? kept : undefined;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = cloneJson((value as Record<string, unknown>)[key], before && memberOf(before, key), depth + 1);
    if (member !== undefined) setMember(copy, key, member);
  }
  return copy;
}

/** Built-in kinds know no null: such a member is as good as absent. Answers the same value when there is none. */
function dropNulls(value: unknown, old: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || value === old || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    const before: readonly unknown[] = Array.isArray(old) ? old : [];
    let items: unknown[] | undefined;
    value.forEach((item, index) => {
      const cleaned = dropNulls(item, before[index], depth + 1);
      if (cleaned !== item) (items ??= [...(value as unknown[])])[index] = cleaned;
    });
    return items ?? value;
  }
  const before = isJsonObject(old) ? old : undefined;
  let members: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (typeof member !== 'object') continue;
    if (member === null) {
      delete (members ??= { ...value })[key];
      continue;
    }
    const cleaned = dropNulls(member, before && memberOf(before, key), depth + 1);
    if (cleaned !== member) setMember((members ??= { ...value }), key, cleaned);
  }
  return members ?? value;
}
