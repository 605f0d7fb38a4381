import type { JsonObject } from '../json-value.ts';
import { deepEqual } from '../deep-equal.ts';
import { isJsonObject, memberOf, setMember } from '../json-value.ts';
import { PatchError } from './patch-error.ts';

/**
 * Applies a JSON patch (RFC 6902). The target is not changed; what the patch does not touch is shared.
 *
 * Errors: `PatchError`. Limits: 10,000 operations (as in Kubernetes), pointers of 8 KiB, 3 MiB copied by `copy`.
 */
export function applyJsonPatch<T>(target: T, patch: unknown): T {
  const operations = parseJsonPatch(patch);
  // The root stands in a holder, so that it can be replaced like any member. Containers that were copied once in this
  // call may be changed in place.
  const state: State = { holder: { root: target }, owned: new Set(), copied: 0 };
  state.owned.add(state.holder);
  for (const operation of operations) applyOperation(operation, state);
  return state.holder['root'] as T;
}

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string };

const MAX_OPERATIONS = 10_000;
const MAX_POINTER = 8_192;
const MAX_COPIED = 3 * 1024 * 1024;

/** A patch from outside. Errors: `PatchError` of kind `malformed`. */
export function parseJsonPatch(patch: unknown): readonly JsonPatchOperation[] {
  if (!Array.isArray(patch)) throw new PatchError('malformed', 'error decoding patch: a JSON patch is a list of operations');
  if (patch.length > MAX_OPERATIONS) {
    throw new PatchError(
      'malformed',
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    );
  }
  return patch.map(parseOperation);
}

function parseOperation(operation: unknown, index: number): JsonPatchOperation {
  const refuse = (why: string): never => {
    throw new PatchError('malformed', `error decoding patch: operation ${index}: ${why}`);
  };
  if (!isJsonObject(operation)) return refuse('not an object');
  const { op, path, from } = operation;
  if (typeof path !== 'string') return refuse('"path" is missing');
  splitPointer(path);
  switch (op) {
    case 'add':
    case 'replace':
    case 'test':
      if (operation['value'] === undefined) return refuse('"value" is missing');
      return { op, path, value: operation['value'] };
    case 'remove':
      return { op, path };
    case 'move':
    case 'copy':
      if (typeof from !== 'string') return refuse('"from" is missing');
      splitPointer(from);
      return { op, path, from };
    default:
      return refuse(`Unexpected kind: ${String(op)}`);
  }
}

function splitPointer(pointer: string): readonly string[] {
  if (pointer.length > MAX_POINTER) {
    throw new PatchError('malformed', `error decoding patch: path is too long: ${pointer.length} characters`);
  }
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) {
    throw new PatchError('malformed', `error decoding patch: path ${JSON.stringify(pointer)} does not begin with /`);
  }
  return pointer.slice(1).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

type Container = Record<string, unknown> | unknown[];

interface State {
  readonly holder: Record<string, unknown>;
  readonly owned: Set<object>;
  copied: number;
}

function applyOperation(operation: JsonPatchOperation, state: State): void {
  const { op, path } = operation;
  switch (op) {
    case 'add':
      add(path, operation.value, state);
      return;
    case 'remove':
      remove(path, state, op);
      return;
    case 'replace': {
      const { parent, key } = locate(path, state, op);
      if (readChild(parent, key) === undefined) missing(op, path);
      writeChild(parent, key, operation.value);
      return;
    }
    case 'test': {
      const found = path === '' ? state.holder['root'] : readPath(path, state, op, true);
      if (!deepEqual(found === undefined ? null : found, operation.value)) {
        throw new PatchError('inapplicable', `testing value ${path} failed: test failed`);
      }
      return;
    }
    case 'move': {
      if (path.startsWith(`${operation.from}/`)) {
        throw new PatchError('inapplicable', `move operation does not apply: ${operation.from} cannot move into itself`);
      }
      const value = readPath(operation.from, state, op);
      if (path !== operation.from) {
        remove(operation.from, state, op);
        add(path, value, state);
      }
      return;
    }
    case 'copy': {
      const value = readPath(operation.from, state, op);
      add(path, cloneCounted(value, state), state);
      return;
    }
    default:
      operation satisfies never;
  }
}

function add(path: string, value: unknown, state: State): void {
  if (path === '') {
    state.holder['root'] = value;
    return;
  }
  const { parent, key } = locate(path, state, 'add');
  if (Array.isArray(parent)) parent.splice(key === '-' ? parent.length : itemIndex(key, parent.length, 'add', path), 0, value);
  else setMember(parent, key, value);
}

function remove(path: string, state: State, op: string): void {
  const { parent, key } = locate(path, state, op);
  if (readChild(parent, key) === undefined) missing(op, path);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}

/** The container of the last part of the path, ready to be changed. */
function locate(path: string, state: State, op: string): { readonly parent: Container; readonly key: string } {
  const parts = ['root', ...splitPointer(path)];
  const key = parts.pop() as string;
  let parent: Container = state.holder;
  for (const part of parts) {
    const child: unknown = readChild(parent, part);
    if (typeof child !== 'object' || child === null) {
      throw new PatchError('inapplicable', `${op} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`);
    }
    const own: Container = state.owned.has(child)
      ? (child as Container)
      : Array.isArray(child)
        ? [...(child as unknown[])]
        : { ...(child as Record<string, unknown>) };
    state.owned.add(own);
    if (own !== child) writeChild(parent, part, own);
    parent = own;
  }
  return { parent, key };
}

function readPath(path: string, state: State, op: string, absentIsFine = false): unknown {
  let value: unknown = state.holder['root'];
  for (const part of splitPointer(path)) {
    value = typeof value === 'object' && value !== null ? readChild(value as Container, part) : undefined;
    if (value === undefined) return absentIsFine ? undefined : missing(op, path);
  }
  return value;
}

const INDEX = /^(?:0|[1-9][0-9]{0,8})$/;

function readChild(parent: Container, key: string): unknown {
  if (!Array.isArray(parent)) return memberOf(parent, key);
  return INDEX.test(key) ? parent[Number(key)] : undefined;
}

function writeChild(parent: Container, key: string, value: unknown): void {
  if (Array.isArray(parent)) parent[Number(key)] = value;
  else setMember(parent, key, value);
}

function itemIndex(key: string, highest: number, op: string, path: string): number {
  const index = Number(key);
  if (!INDEX.test(key) || index > highest) {
    throw new PatchError('inapplicable', `${op} operation does not apply: Unable to access invalid index: ${key} of ${path}: invalid index referenced`);
  }
  return index;
}

function missing(op: string, path: string): never {
  throw new PatchError('inapplicable', `${op} operation does not apply: doc is missing key: ${path}: missing value`);
}

/** Doubling an object by a few dozen copies must not exhaust memory, so what is copied is counted. */
function cloneCounted(value: unknown, state: State): unknown {
  state.copied += typeof value === 'string' ? value.length + 2 : 8;
  if (state.copied > MAX_COPIED) {
    throw new PatchError('inapplicable', `copy operations in the patch copy more than ${MAX_COPIED} bytes`);
  }
  if (Array.isArray(value)) return value.map((item) => cloneCounted(item, state));
  if (!isJsonObject(value)) return value;
  const clone: Record<string, unknown> = {};
  for (const key of Object.keys(value as JsonObject)) {
    state.copied += key.length + 3;
    setMember(clone, key, cloneCounted(value[key], state));
  }
  return clone;
}
