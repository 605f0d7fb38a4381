import { Composer, Lexer, LineCounter, Parser, isAlias, isMap, isScalar, isSeq, type Document, type Node, type YAMLMap } from 'yaml';
import type { ParseLimits } from './parse-limits.ts';
import { childPath, indexPath } from './field-error.ts';
import { indentQuotedLine, MAX_MENDED_LINES } from './indent-quoted.ts';
import { isJsonObject, setMember } from './json-value.ts';
import { ParseError } from './parse-error.ts';
import { parseJson } from './parse-json.ts';
import { checkLength, DEFAULT_PARSE_LIMITS } from './parse-limits.ts';
import { parsePlainYaml } from './parse-plain-yaml.ts';
import { resolvePlainScalar } from './yaml-scalar.ts';

export interface ParseYamlOptions extends Partial<ParseLimits> {
  /** Called for a key that stands twice in one map, with its path; the last one then counts. Without it, refused. */
  readonly onDuplicate?: (path: string) => void;
}

/**
 * Parses one YAML document (or JSON) from outside into plain JSON values, reading scalars as Kubernetes does.
 *
 * Errors: `ParseError` with the line: not YAML, more than one document, a key twice in one map, or beyond the limits.
 * Aliases are bounded by what they would expand to, so a "billion laughs" is refused at once. Empty text is `null`.
 */
export function parseYaml(text: string, options: ParseYamlOptions = {}): unknown {
  const documents = readDocuments(text, options);
  if (documents.length > 1) throw new ParseError(`yaml: found ${documents.length} documents where one was expected`);
  return documents[0] ?? null;
}

/** Parses a stream of documents separated by `---`; empty ones are left out. Errors and limits as {@link parseYaml}. */
export function parseYamlDocuments(text: string, options: ParseYamlOptions = {}): readonly unknown[] {
  return readDocuments(text, options).filter((document) => document !== null);
}

function readDocuments(text: string, options: ParseYamlOptions, mended = 0): readonly unknown[] {
  const limits: ParseLimits = { ...DEFAULT_PARSE_LIMITS, ...options };
  checkLength('yaml', text, limits);
  const json = readJson(text, limits);
  if (json) return [json.value];
  const plain = parsePlainYaml(text, limits);
  if (plain) return plain;
  const lines = new LineCounter();
  const values: unknown[] = [];
  const budget = { nodes: 0 };
  for (const document of compose(text, lines, limits)) {
    const error = document.errors[0];
    if (error) {
      const refusal = refuse(lines, error.pos[0], (error.message.split('\n')[0] ?? '').replace(/ at line \d+.*$/, ''));
      const other = /^Missing closing .quote/.test(error.message) && mended < MAX_MENDED_LINES ? indentQuotedLine(text, error.pos[0]) : undefined;
      if (other === undefined) throw refusal;
      try {
        return readDocuments(other, options, mended + 1);
      } catch {
        throw refusal;
      }
    }
    values.push(convertDocument(document, { lines, limits, budget, onDuplicate: options.onDuplicate }));
  }
  return values;
}

/** Most of what machines send is JSON, which reads a hundred times as fast. What is wrong with it, YAML's reader tells. */
function readJson(text: string, limits: ParseLimits): { readonly value: unknown } | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    const { value, duplicates } = parseJson(text, limits);
    return duplicates.length === 0 ? { value } : undefined;
  } catch {
    return undefined;
  }
}

/** The parser's own stack is watched while it reads, since what comes after it works by recursion. */
function* compose(text: string, lines: LineCounter, { maxDepth }: ParseLimits): Generator<Document.Parsed> {
  const parser = new Parser(lines.addNewLine);
  // `uniqueKeys` would compare every key with every other one; keys are checked below instead.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, strict: true });
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) yield* composer.next(token);
    if (parser.stack.length > maxDepth + 2) throw refuse(lines, parser.offset, `more than ${maxDepth} levels deep`);
  }
  for (const token of parser.end()) yield* composer.next(token);
  yield* composer.end();
}

function refuse(lines: LineCounter, offset: number, why: string): ParseError {
  return new ParseError(`yaml: line ${Math.max(1, lines.linePos(offset).line)}: ${why}`);
}

interface Conversion {
  readonly lines: LineCounter;
  readonly limits: ParseLimits;
  /** Shared by the documents of one text. */
  readonly budget: { nodes: number };
  readonly onDuplicate: ((path: string) => void) | undefined;
}

interface Anchor {
  readonly value: unknown;
  readonly nodes: number;
  readonly depth: number;
}

function convertDocument(document: Document.Parsed, conversion: Conversion): unknown {
  const { lines, limits, budget, onDuplicate } = conversion;
  const anchors = new Map<string, Anchor | 'open'>();
  let deepest = 0;
  const at = (node: Node): number => node.range?.[0] ?? 0;
  const spend = (node: Node, nodes: number): void => {
    budget.nodes += nodes;
    if (budget.nodes > limits.maxNodes) {
      throw refuse(lines, at(node), isAlias(node) ? 'document contains excessive aliasing' : `more than ${limits.maxNodes} values`);
    }
  };
  const descend = (node: Node, depth: number): void => {
    if (depth > limits.maxDepth) throw refuse(lines, at(node), `more than ${limits.maxDepth} levels deep`);
    if (depth > deepest) deepest = depth;
  };

  const convert = (node: Node | null, depth: number, path: string): unknown => {
    if (node === null) return null;
    if (isAlias(node)) {
      const anchor = anchors.get(node.source);
      if (anchor === undefined) throw refuse(lines, at(node), `unknown anchor '${node.source}' referenced`);
      if (anchor === 'open') throw refuse(lines, at(node), `anchor '${node.source}' value contains itself`);
      spend(node, anchor.nodes);
      descend(node, depth + anchor.depth);
      return anchor.value;
    }
    spend(node, 1);
    const name = (isScalar(node) || isMap(node) || isSeq(node)) && node.anchor;
    if (!name) return convertContent(node, depth, path);
    const before = budget.nodes;
    const deepestBefore = deepest;
    deepest = depth;
    anchors.set(name, 'open');
    const value = convertContent(node, depth, path);
    anchors.set(name, { value, nodes: budget.nodes - before + 1, depth: deepest - depth });
    deepest = Math.max(deepest, deepestBefore);
    return value;
  };

  const convertContent = (node: Node, depth: number, path: string): unknown => {
    if (isScalar(node)) return scalarValue(node, lines);
    descend(node, depth + 1);
    if (isSeq(node)) return node.items.map((item, index) => convert(item as Node | null, depth + 1, indexPath(path, index)));
    return isMap(node) ? convertMap(node, depth, path) : null;
  };

  const convertMap = (map: YAMLMap, depth: number, path: string): unknown => {
    const result: Record<string, unknown> = {};
    const merged: unknown[] = [];
    for (const { key, value } of map.items) {
      const keyNode = key as Node;
      if (isScalar(keyNode) && keyNode.type === 'PLAIN' && keyNode.source === '<<') {
        merged.push(convert(value as Node | null, depth + 1, path));
        continue;
      }
      const name = keyName(keyNode, convert);
      if (name === undefined) throw refuse(lines, at(keyNode), 'map keys must be scalars');
      if (Object.hasOwn(result, name)) {
        if (!onDuplicate) throw refuse(lines, at(keyNode), `key ${JSON.stringify(name)} already set in map`);
        onDuplicate(childPath(path, name));
      }
      setMember(result, name, convert(value as Node | null, depth + 1, childPath(path, name)));
    }
    for (const source of merged) mergeInto(result, source, map);
    return result;
  };

  const mergeInto = (result: Record<string, unknown>, source: unknown, map: YAMLMap): void => {
    for (const item of Array.isArray(source) ? (source as unknown[]) : [source]) {
      if (!isJsonObject(item)) throw refuse(lines, at(map), 'map merge requires map or sequence of maps as the value');
      const keys = Object.keys(item);
      spend(map, keys.length);
      for (const key of keys) if (!Object.hasOwn(result, key)) setMember(result, key, item[key]);
    }
  };

  return convert(document.contents as Node | null, 0, '');
}

/** Keys are texts in JSON: `1:` and `true:` become `"1"` and `"true"`. */
function keyName(key: Node | null, convert: (node: Node | null, depth: number, path: string) => unknown): string | undefined {
  const value = convert(key, 0, '');
  return typeof value === 'object' && value !== null ? undefined : String(value);
}

function scalarValue(node: { readonly value?: unknown; readonly source?: string; readonly type?: string; readonly tag?: string; readonly range?: readonly number[] | null }, lines: LineCounter): unknown {
  const { value, source, type, tag } = node;
  const text = source ?? '';
  if (tag === undefined || tag === '!') {
    const plain = type === 'PLAIN' && tag === undefined ? resolvePlainScalar(text) : text;
    if (typeof plain === 'number' && !Number.isFinite(plain)) throw refuse(lines, node.range?.[0] ?? 0, `${text} has no value in JSON`);
    return plain;
  }
  if (tag.endsWith(':str')) return text;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null ? value : text;
}
