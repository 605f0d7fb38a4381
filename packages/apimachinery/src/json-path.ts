import { isJsonObject, memberOf } from './json-value.ts';
import { ParseError } from './parse-error.ts';

/** A parsed JSONPath; use it with {@link evaluateJsonPath}. */
export type JsonPath = readonly Segment[];

type Segment =
  | { readonly kind: 'member'; readonly names: readonly string[] }
  | { readonly kind: 'items'; readonly indexes: readonly number[] }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined; readonly step: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'descend' }
  | { readonly kind: 'filter'; readonly left: Operand; readonly operator: Operator | undefined; readonly right: Operand };

type Operand = { readonly path: JsonPath } | { readonly value: string | number | boolean | null };
type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=';

/**
 * The JSONPath of kubectl and of printer columns: `.a.b[0].c`, `['x']`, `.a\.b`, `[*]`, `[-1]`, `[0:2]`, `..name`,
 * `[?(@.type=="Ready")]`. One path: no text around it, no `range`. Braces around it and a leading `$` are allowed.
 *
 * Errors: `ParseError` with the position. Limits: 1,024 characters, filters two deep.
 */
export function parseJsonPath(text: string, depth = 0): JsonPath {
  if (text.length > MAX_TEXT) throw new ParseError(`JSONPath is too long: ${text.length} characters, at most ${MAX_TEXT}`);
  if (depth > 2) throw new ParseError(`JSONPath ${text}: filters are nested too deep`);
  const source = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  const segments: Segment[] = [];
  let at = source.startsWith('$') || source.startsWith('@') ? 1 : 0;
  const refuse = (why: string): never => {
    throw new ParseError(`invalid JSONPath ${JSON.stringify(text)}: ${why} at position ${at}`);
  };
  while (at < source.length) {
    if (source.startsWith('..', at)) {
      segments.push({ kind: 'descend' });
      at += source[at + 2] === '[' ? 2 : 1;
    } else if (source[at] === '.') {
      at += 1;
      if (source[at] === '[') continue;
      if (at === source.length && segments.length === 0) break;
      const name = /^(?:[^.[\]\\]|\\.)*/.exec(source.slice(at))?.[0] ?? '';
      if (name === '') refuse('a name is missing');
      at += name.length;
      segments.push(name === '*' ? { kind: 'all' } : { kind: 'member', names: [name.replace(/\\(.)/g, '$1')] });
    } else if (source[at] === '[') {
      const end = closingBracket(source, at);
      if (end < 0) refuse('] is missing');
      segments.push(parseBracket(source.slice(at + 1, end).trim(), depth) ?? refuse('brackets are not understood'));
      at = end + 1;
    } else refuse("expected '.' or '['");
  }
  return segments;
}

const MAX_TEXT = 1_024;

function closingBracket(source: string, open: number): number {
  let nesting = 0;
  let quoted = '';
  for (let at = open; at < source.length; at += 1) {
    const char = source[at] as string;
    if (quoted) {
      if (char === '\\') at += 1;
      else if (char === quoted) quoted = '';
    } else if (char === '"' || char === "'") quoted = char;
    else if (char === '[') nesting += 1;
    else if (char === ']' && --nesting === 0) return at;
  }
  return -1;
}

const STRING = /^'((?:[^'\\]|\\.)*)'|^"((?:[^"\\]|\\.)*)"/;
const unquote = (match: RegExpExecArray): string => (match[1] ?? match[2] ?? '').replace(/\\(.)/g, '$1');

function parseBracket(text: string, depth: number): Segment | undefined {
  if (text === '*') return { kind: 'all' };
  const filter = /^\?\(([^]*)\)$/.exec(text);
  if (filter) return parseFilter((filter[1] ?? '').trim(), depth);
  const slice = /^(-?\d{1,9})?:(-?\d{1,9})?(?::(\d{1,9}))?$/.exec(text);
  if (slice) {
    const number = (part: string | undefined): number | undefined => (part === undefined ? undefined : Number(part));
    return { kind: 'slice', from: number(slice[1]), to: number(slice[2]), step: Math.max(1, Number(slice[3] ?? 1)) };
  }
  if (/^-?\d{1,9}(\s*,\s*-?\d{1,9})*$/.test(text)) return { kind: 'items', indexes: text.split(',').map(Number) };
  const names: string[] = [];
  let rest = text;
  for (;;) {
    const match = STRING.exec(rest);
    if (!match) return undefined;
    names.push(unquote(match));
    rest = rest.slice(match[0].length).trim();
    if (rest === '') return { kind: 'member', names };
    if (!rest.startsWith(',')) return undefined;
    rest = rest.slice(1).trim();
  }
}

function parseFilter(text: string, depth: number): Segment | undefined {
  const split = splitAtOperator(text);
  const left = parseOperand(split.left, depth);
  if (!left) return undefined;
  if (!split.operator) return { kind: 'filter', left, operator: undefined, right: { value: null } };
  const right = parseOperand(split.right, depth);
  return right && { kind: 'filter', left, operator: split.operator, right };
}

function splitAtOperator(text: string): { left: string; operator?: Operator; right: string } {
  let quoted = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if (quoted) {
      if (char === '\\') at += 1;
      else if (char === quoted) quoted = '';
    } else if (char === '"' || char === "'") quoted = char;
    else {
      const operator = /^(?:==|!=|<=|>=|<|>)/.exec(text.slice(at, at + 2))?.[0] as Operator | undefined;
      if (operator) return { left: text.slice(0, at).trim(), operator, right: text.slice(at + operator.length).trim() };
    }
  }
  return { left: text, right: '' };
}

function parseOperand(text: string, depth: number): Operand | undefined {
  if (text.startsWith('@')) return { path: parseJsonPath(text, depth + 1) };
  const string = STRING.exec(text);
  if (string && string[0].length === text.length) return { value: unquote(string) };
  if (text === 'true' || text === 'false') return { value: text === 'true' };
  if (text === 'null' || text === 'nil') return { value: null };
  return text !== '' && Number.isFinite(Number(text)) ? { value: Number(text) } : undefined;
}

/** Every value that the path leads to, in order; none when it leads nowhere. At most 10,000 values are looked at. */
export function evaluateJsonPath(path: JsonPath, value: unknown): readonly unknown[] {
  let found: readonly unknown[] = [value];
  for (const segment of path) {
    const next: unknown[] = [];
    for (const item of found) {
      step(segment, item, next);
      if (next.length > MAX_VALUES) throw new ParseError(`JSONPath leads to more than ${MAX_VALUES} values`);
    }
    found = next;
  }
  return found;
}

const MAX_VALUES = 10_000;

function step(segment: Segment, value: unknown, into: unknown[]): void {
  const members = (): readonly unknown[] =>
    Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
  switch (segment.kind) {
    case 'member':
      if (!isJsonObject(value)) return;
      for (const name of segment.names) {
        const member = memberOf(value, name);
        if (member !== undefined) into.push(member);
      }
      return;
    case 'items':
      if (!Array.isArray(value)) return;
      for (const index of segment.indexes) {
        const item: unknown = value.at(index);
        if (item !== undefined) into.push(item);
      }
      return;
    case 'slice':
      if (!Array.isArray(value)) return;
      value.slice(segment.from, segment.to).forEach((item: unknown, index) => {
        if (index % segment.step === 0) into.push(item);
      });
      return;
    case 'all':
      for (const member of members()) into.push(member);
      return;
    case 'descend':
      into.push(value);
      for (const member of members()) if (into.length <= MAX_VALUES) step(segment, member, into);
      return;
    case 'filter':
      for (const member of members()) if (passes(segment, member)) into.push(member);
      return;
    default:
      segment satisfies never;
  }
}

function passes(filter: Extract<Segment, { kind: 'filter' }>, value: unknown): boolean {
  const resolve = (operand: Operand): unknown =>
    'path' in operand ? evaluateJsonPath(operand.path, value)[0] : operand.value;
  const left = resolve(filter.left);
  if (!filter.operator) return left !== undefined;
  const right = resolve(filter.right);
  if (filter.operator === '==') return left === right;
  if (filter.operator === '!=') return left !== right;
  const order = compare(left, right);
  if (order === undefined) return false;
  switch (filter.operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return filter.operator satisfies never;
  }
}

function compare(left: unknown, right: unknown): number | undefined {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  return undefined;
}
