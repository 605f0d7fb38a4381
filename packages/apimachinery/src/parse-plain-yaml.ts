import type { ParseLimits } from './parse-limits.ts';
import { resolvePlainScalar } from './yaml-scalar.ts';

/**
 * Parses the YAML that programs print: maps and lists in block style, keys and values in one line. That is most of what is read,
 * and some ten times as fast as YAML's whole grammar.
 *
 * Undefined for whatever is not certain: comments behind values, blocks of text, flow style, anchors, tags, a key that stands twice, what is wrong
 * or beyond the limits. The whole grammar is then asked, which also knows what to say.
 */
export function parsePlainYaml(text: string, limits: ParseLimits): readonly unknown[] | undefined {
  if (NOT_PLAIN.test(text)) return undefined;
  const lines = contentLines(text);
  if (lines.length === 0) return undefined;
  const reader: Reader = { lines, at: 0, nodes: 0, limits };
  const documents: unknown[] = [];
  if (lines[0]!.content === SEPARATOR && lines[0]!.indent === 0) reader.at = 1;
  for (;;) {
    const line = reader.lines[reader.at];
    // A document must not be empty: what that means depends on where it stands.
    if (!line || line.indent !== 0 || line.content === SEPARATOR) return undefined;
    const value = parseNode(reader, 0, 1);
    if (value === undefined) return undefined;
    documents.push(value);
    const next = reader.lines[reader.at];
    if (!next) return documents;
    if (next.content !== SEPARATOR || next.indent !== 0) return undefined;
    reader.at += 1;
  }
}

interface Line {
  readonly indent: number;
  /** Without the spaces around it. */
  readonly content: string;
}

interface Reader {
  /** A list item is taken from its line, which leaves a line of what stands behind the dash. */
  readonly lines: Line[];
  at: number;
  nodes: number;
  readonly limits: ParseLimits;
}

const SEPARATOR = '---';
/** Tabs, carriage returns, other controls, what some take for the end of a line, halves of characters, and a mark of byte order. */
// oxlint-disable-next-line no-control-regex -- controls are what is looked for
const NOT_PLAIN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]/;

function contentLines(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    let from = start;
    while (from < end && text.charCodeAt(from) === SPACE) from += 1;
    let to = end;
    while (to > from && text.charCodeAt(to - 1) === SPACE) to -= 1;
    if (to > from && text.charCodeAt(from) !== HASH) lines.push({ indent: from - start, content: text.slice(from, to) });
    start = end + 1;
  }
  return lines;
}

const SPACE = 0x20;
const HASH = 0x23;

/** Undefined, which no value is, when the whole grammar is needed. */
function parseNode(reader: Reader, indent: number, depth: number): unknown {
  if (depth > reader.limits.maxDepth || (reader.nodes += 1) > reader.limits.maxNodes) return undefined;
  return isItem(reader.lines[reader.at]!) ? parseList(reader, indent, depth) : parseMap(reader, indent, depth);
}

const isItem = ({ content }: Line): boolean => content === '-' || content.startsWith('- ');

function parseMap(reader: Reader, indent: number, depth: number): unknown {
  const map: Record<string, unknown> = {};
  for (let line = reader.lines[reader.at]; line?.indent === indent && line.content !== SEPARATOR; line = reader.lines[reader.at]) {
    const { content } = line;
    const colon = content.indexOf(':');
    const key = content.slice(0, colon);
    if (colon < 1 || !KEY.test(key) || Object.hasOwn(map, key) || resolvePlainScalar(key) !== key || key === '__proto__') return undefined;
    if (content.length > colon + 1 && content.charCodeAt(colon + 1) !== SPACE) return undefined;
    reader.at += 1;
    reader.nodes += 1;
    const value = parseValue(reader, withoutSpaces(content, colon + 1), indent, depth, true);
    if (value === undefined) return undefined;
    map[key] = value;
  }
  return map;
}

function parseList(reader: Reader, indent: number, depth: number): unknown {
  const list: unknown[] = [];
  for (let line = reader.lines[reader.at]; line?.indent === indent && isItem(line); line = reader.lines[reader.at]) {
    const content = withoutSpaces(line.content, 1);
    let value: unknown;
    if (content === '-' || content.startsWith('- ') || KEY_BEFORE_COLON.test(content)) {
      // A map or a list that begins behind the dash: its first line is what is left of this one.
      const inner = indent + line.content.length - content.length;
      reader.lines[reader.at] = { indent: inner, content };
      value = parseNode(reader, inner, depth + 1);
      if ((reader.lines[reader.at]?.indent ?? 0) > indent) return undefined;
    } else {
      reader.at += 1;
      value = parseValue(reader, content, indent, depth, false);
    }
    if (value === undefined) return undefined;
    list.push(value);
  }
  return list;
}

/** What stands behind a key or a dash, or below it. `ownList`: a list below a key may begin where the key does. */
function parseValue(reader: Reader, text: string, indent: number, depth: number, ownList: boolean): unknown {
  const next = reader.lines[reader.at];
  if (text !== '') {
    // Deeper lines would go on with the text.
    if (next && next.indent > indent) return undefined;
    if ((reader.nodes += 1) > reader.limits.maxNodes) return undefined;
    return parseScalar(text, depth + 1 <= reader.limits.maxDepth);
  }
  let value: unknown = null;
  if (next && (next.indent > indent || (ownList && next.indent === indent && isItem(next)))) {
    value = parseNode(reader, next.indent, depth + 1);
    const after = reader.lines[reader.at];
    // Neither the block's own nor one outside of it.
    if (after && after.indent > indent) return undefined;
  } else reader.nodes += 1;
  return value;
}

/** What follows after `at`. Other white space than spaces is content. */
function withoutSpaces(text: string, at: number): string {
  let from = at;
  while (text.charCodeAt(from) === SPACE) from += 1;
  return text.slice(from);
}

const KEY = /^[A-Za-z_][\w./-]{0,300}$/;
const KEY_BEFORE_COLON = /^[A-Za-z_][\w./-]{0,300}:(?: |$)/;

function parseScalar(text: string, mayNest: boolean): unknown {
  if (PLAIN_START.test(text)) {
    if (text.includes(': ') || text.includes(' #') || text.endsWith(':')) return undefined;
    const value = resolvePlainScalar(text);
    return typeof value === 'number' && !Number.isFinite(value) ? undefined : value;
  }
  if (text === '{}') return mayNest ? {} : undefined;
  if (text === '[]') return mayNest ? [] : undefined;
  if (DOUBLE_QUOTED.test(text)) return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
  if (SINGLE_QUOTED.test(text)) return text.slice(1, -1).replaceAll("''", "'");
  return undefined;
}

const PLAIN_START = /^(?:[A-Za-z0-9_./~+$(]|-[0-9.])/;
/** Only escapes that mean the same in JSON. */
const DOUBLE_QUOTED = /^"(?:[^"\\]|\\["\\nt])*"$/;
const SINGLE_QUOTED = /^'(?:[^']|'')*'$/;
