import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, type Document, type Node, type Pair } from 'yaml';
import { commentsOf, placeComments, type Entry } from './comments.ts';
import { YqError } from './errors.ts';
import { YamlNode, type Style } from './node.ts';
import { scalarTag } from './scalar-tag.ts';

export interface Origin {
  readonly filename: string;
  readonly fileIndex: number;
  /** Where comments at its start belong to what all files together become. */
  readonly isContinuation?: boolean;
}

/** Stands in `leadingContent` for a line `---`. */
export const SEPARATOR = '$separator$';

/** Deeper documents are refused, as are those with more nodes than a step could want. */
const MAX_DEPTH = 500;
/** Of what aliases stand for, all in all. */
export const MAX_NODES = 2_000_000;

/** The documents of a text, with comments, styles and the text of their scalars. */
export function readYaml(text: string, origin: Origin = { filename: '', fileIndex: 0 }): YamlNode[] {
  const { leading, rest } = origin.isContinuation ? { leading: '', rest: text } : splitLeading(text.replaceAll('\r\n', '\n'));
  if (rest.trim() === '') {
    if (leading === '') return [];
    const blank = new YamlNode('scalar', '!!null');
    blank.leadingContent = leading;
    return [placed(blank, 0, origin)];
  }
  const documents = parseAllDocuments(rest, { schema: 'failsafe', uniqueKeys: false, prettyErrors: true, logLevel: 'silent', stringKeys: false, strict: false, keepSourceTokens: true });
  const comments = commentsOf(rest);
  if (!Array.isArray(documents)) return [];
  const begins = documents.map(({ range }) => range[0]);
  return documents.map((document, index) => {
    const [problem] = document.errors;
    if (problem) throw new YqError(`bad file '${origin.filename || '-'}': ${problem.message.split('\n')[0]!.replace(/:$/, '')}`);
    const root = read(document, rest, comments.filter(({ at }) => at >= begins[index]! && at < (begins[index + 1] ?? Number.POSITIVE_INFINITY)));
    if (index === 0) root.leadingContent = leading;
    return placed(root, index, origin);
  });
}

function placed(root: YamlNode, document: number, { filename, fileIndex }: Origin): YamlNode {
  return Object.assign(root, { document, filename, fileIndex });
}

/** Comments, blank lines and separators at the start of a text are kept as they are. */
function splitLeading(text: string): { readonly leading: string; readonly rest: string } {
  let leading = '';
  let at = 0;
  while (at < text.length) {
    const separator = /^---[ \n]/.exec(text.slice(at, at + 4));
    const line = /^([ \t]{0,3}#[^\n]*|%YA[^\n]*|)(\n|$)/.exec(text.slice(at));
    if (separator) {
      leading += `${SEPARATOR}\n`;
      at += 4;
    } else if (line && line[0] !== '') {
      leading += line[0];
      at += line[0].length;
    } else break;
  }
  return { leading, rest: text.slice(at) };
}

interface Reading {
  readonly text: string;
  readonly anchors: Map<string, YamlNode>;
  /** Grows as it is read. */
  readonly entries: Entry[];
}

function read(document: Document.Parsed, text: string, comments: ReturnType<typeof commentsOf>): YamlNode {
  const entries: Entry[] = [];
  const root = node(document.contents, { text, anchors: new Map(), entries }, 0);
  placeComments(root, entries.toSorted((left, right) => left.at - right.at), comments, text);
  return root;
}

function node(parsed: Node | null, reading: Reading, depth: number): YamlNode {
  if (depth > MAX_DEPTH) throw new YqError(`the document is nested more than ${MAX_DEPTH} deep`);
  return parsed ? bare(parsed, reading, depth) : new YamlNode('scalar', '!!null');
}

function bare(parsed: Node, reading: Reading, depth: number): YamlNode {
  if (isAlias(parsed)) {
    const target = reading.anchors.get(parsed.source);
    if (!target) throw new YqError(`unknown anchor '${parsed.source}' referenced`);
    const made = new YamlNode('alias', '', parsed.source);
    made.target = target;
    return made;
  }
  const made = isMap(parsed) ? new YamlNode('map', '!!map') : isSeq(parsed) ? new YamlNode('seq', '!!seq') : scalar(parsed);
  // Known before what is in it, which may refer to it.
  if ('anchor' in parsed && parsed.anchor) {
    made.anchor = parsed.anchor;
    reading.anchors.set(parsed.anchor, made);
  }
  const explicit = parsed.tag && !/^tag:yaml\.org,2002:(map|seq|str)$/.test(parsed.tag) ? parsed.tag.replace(/^tag:yaml\.org,2002:/, '!!') : undefined;
  if (explicit && isExplicit(parsed, reading)) Object.assign(made, { tag: explicit, isTagged: true });
  else if (isExplicit(parsed, reading)) made.isTagged = true;
  if (made.isTagged && !explicit && made.kind === 'scalar') made.tag = '!!str';
  if (isMap(parsed) || isSeq(parsed)) {
    if (parsed.flow) made.style = 'flow';
    // What is inside of brackets has no lines of its own.
    const within = parsed.flow ? { ...reading, entries: [] } : reading;
    for (const [index, item] of parsed.items.entries()) {
      if (isMap(parsed)) pair(made, item as Pair<Node | null, Node | null>, within, depth);
      else {
        const value = node(item as Node | null, within, depth + 1);
        const at = firstOf(sourceItems(parsed)[index]?.start, ['seq-item-ind']) ?? (item as Node | null)?.range?.[0];
        if (at !== undefined) within.entries.push({ at, key: undefined, value });
        made.addChildInPlace(value);
      }
    }
  }
  return made;
}

function pair(into: YamlNode, { key: parsedKey, value: parsedValue, srcToken }: Pair<Node | null, Node | null>, reading: Reading, depth: number): void {
  const key = node(parsedKey, reading, depth + 1);
  const value = node(parsedValue, reading, depth + 1);
  const at = firstOf(srcToken?.start, ['anchor', 'tag', 'explicit-key-ind']) ?? parsedKey?.range?.[0];
  if (at !== undefined) reading.entries.push({ at, key, value });
  into.addPairInPlace(key, value);
}

const firstOf = (start: readonly { readonly type: string; readonly offset: number }[] | undefined, types: readonly string[]): number | undefined => start?.find(({ type }) => types.includes(type))?.offset;

function sourceItems(parsed: Node): readonly { readonly start: readonly { readonly type: string; readonly offset: number }[] }[] {
  const token = parsed.srcToken;
  return token && 'items' in token ? (token.items as readonly { readonly start: readonly { readonly type: string; readonly offset: number }[] }[]) : [];
}

/** Whether a tag was written, which the parser does not tell from one that it found. */
function isExplicit(parsed: Node, { text }: Reading): boolean {
  if (!parsed.tag || !parsed.range) return false;
  return /(^|[\s[{,])![^\s]*\s*(&\S+\s*)?$/.test(text.slice(Math.max(0, parsed.range[0] - 200), parsed.range[0])) || text[parsed.range[0]] === '!';
}

const STYLES: Readonly<Record<string, Style>> = { QUOTE_DOUBLE: 'double', QUOTE_SINGLE: 'single', BLOCK_LITERAL: 'literal', BLOCK_FOLDED: 'folded' };

function scalar(parsed: Node): YamlNode {
  if (!isScalar(parsed)) throw new YqError('the document has something that is neither scalar, map nor sequence');
  // A value that the parser made of a tag, such as bytes, is of no use here.
  const text = parsed.source ?? (parsed.value === null || parsed.value === undefined ? '' : String(parsed.value));
  const style = STYLES[parsed.type ?? ''] ?? 'plain';
  const made = new YamlNode('scalar', style === 'plain' ? scalarTag(text) : '!!str', text);
  made.style = style;
  return made;
}
