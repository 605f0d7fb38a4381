import type { JsonObject } from '../json-value.ts';
import type { ManagedFieldsEntry } from '../object.ts';
import type { FieldTrie } from './field-trie.ts';
import { isJsonObject, setMember } from '../json-value.ts';
import { EMPTY_TRIE, LEAF } from './field-trie.ts';

/**
 * The set of fields in a managedFields entry; `undefined` when it is not one. What was parsed once is remembered as long
 * as the entry lives, since every write of an object asks again.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ (FieldsV1)
 */
export function parseFieldsV1(fields: unknown): FieldTrie | undefined {
  if (!isJsonObject(fields)) return undefined;
  const known = parsed.get(fields);
  if (known) return known;
  const trie = parseNode(fields, 0);
  if (!trie) return undefined;
  const root = trie === LEAF ? EMPTY_TRIE : trie;
  parsed.set(fields, root);
  return root;
}

const parsed = new WeakMap<object, FieldTrie>();
const MAX_DEPTH = 200;

function parseNode(fields: JsonObject, depth: number): FieldTrie | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const elements = Object.keys(fields);
  if (elements.length === 0) return LEAF;
  const children = new Map<string, FieldTrie>();
  let self = false;
  for (const element of elements) {
    if (element === '.') {
      self = true;
      continue;
    }
    const member = fields[element];
    if (!/^(?:f:[^]|k:\{|v:[^]|i:\d)/.test(element) || !isJsonObject(member)) return undefined;
    const child = parseNode(member, depth + 1);
    if (!child) return undefined;
    children.set(element, child);
  }
  return { self, children };
}

/** The inverse of {@link parseFieldsV1}, with the elements in Kubernetes' order. */
export function printFieldsV1(trie: FieldTrie): JsonObject {
  const fields = printNode(trie);
  parsed.set(fields, trie);
  return fields;
}

const printed = new WeakMap<FieldTrie, JsonObject>();

function printNode(trie: FieldTrie): JsonObject {
  if (trie.children.size === 0) return NOTHING;
  const known = printed.get(trie);
  if (known) return known;
  const fields: Record<string, unknown> = {};
  if (trie.self) fields['.'] = NOTHING;
  for (const element of [...trie.children.keys()].sort(compareElements)) {
    setMember(fields, element, printNode(trie.children.get(element) ?? EMPTY_TRIE));
  }
  printed.set(trie, fields);
  shared.add(fields);
  return fields;
}

/** Shared by all; nobody changes what is printed. */
const NOTHING: JsonObject = {};
/** Everything that was printed here. */
const shared = new WeakSet<JsonObject>([NOTHING]);

/** The JSON of an entry. Objects that look alike share what {@link printFieldsV1} made, and so does its text. */
export function printManagedFields({ fieldsV1, ...entry }: ManagedFieldsEntry): string {
  const text = JSON.stringify(entry);
  return isJsonObject(fieldsV1) ? `${text.slice(0, -1)}${text === '{}' ? '' : ','}"fieldsV1":${joinTexts(fieldsV1, (element, member) => (element === 'f:metadata' ? JSON.stringify(member) : textOf(member)))}}` : text;
}

function textOf(fields: JsonObject): string {
  const known = texts.get(fields);
  if (known !== undefined) return known;
  if (!shared.has(fields)) return JSON.stringify(fields);
  const text = joinTexts(fields, (_, member) => textOf(member));
  texts.set(fields, text);
  return text;
}

/** Not of a whole entry nor of its metadata, which are another for each object: they name its owner. */
const texts = new WeakMap<JsonObject, string>();

const joinTexts = (fields: JsonObject, printMember: (element: string, member: JsonObject) => string): string =>
  `{${Object.keys(fields).map((element) => `${JSON.stringify(element)}:${printMember(element, fields[element] as JsonObject)}`).join(',')}}`;

const KINDS = 'fkvi';

function compareElements(left: string, right: string): number {
  const kinds = KINDS.indexOf(left[0] ?? '') - KINDS.indexOf(right[0] ?? '');
  return kinds !== 0 ? kinds : left < right ? -1 : left > right ? 1 : 0;
}

/** A path as conflicts print it: `.spec.containers[name="a"].image`, `.metadata.finalizers[="x"]`, `.list[0]`. */
export function printFieldPath(path: readonly string[]): string {
  return path.map(printElement).join('');
}

function printElement(element: string): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${rest}`;
    case 'k': {
      const key = JSON.parse(rest) as JsonObject;
      return `[${Object.keys(key)
        .map((name) => `${name}=${JSON.stringify(key[name])}`)
        .join(',')}]`;
    }
    case 'v':
      return `[=${rest}]`;
    default:
      return `[${rest}]`;
  }
}
