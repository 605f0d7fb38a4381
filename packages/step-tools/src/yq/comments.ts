import { Lexer } from 'yaml';
import type { YamlNode } from './node.ts';

/** A key of a map with its value, or an item of a sequence, and where it begins. */
export interface Entry {
  readonly at: number;
  readonly key: YamlNode | undefined;
  readonly value: YamlNode;
}

interface Comment {
  readonly at: number;
  readonly text: string;
  /** Nothing else stands on its line. */
  readonly isAlone: boolean;
  readonly blankBefore: boolean;
  readonly blankAfter: boolean;
}

const LEXER_MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f', '\ufeff']);

/** All comments of a text, in order. */
export function commentsOf(text: string): readonly Comment[] {
  if (!text.includes('#')) return [];
  const found: Comment[] = [];
  let at = 0;
  for (const lexeme of new Lexer().lex(text)) {
    // Marks of the lexer's own, which are not in the text: start of a document, of a scalar, end of a flow collection.
    if (LEXER_MARKS.has(lexeme) && text[at] !== lexeme) continue;
    if (lexeme.startsWith('#')) found.push(comment(text, at, lexeme));
    at += lexeme.length;
  }
  return found;
}

function comment(text: string, at: number, lexeme: string): Comment {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = at + lexeme.length;
  return { at, text: lexeme.trimEnd(), isAlone: text.slice(start, at).trim() === '', blankBefore: /\n[ \t]*\n[ \t]*$/.test(text.slice(0, at)) || start === 0, blankAfter: /^[ \t]*\n[ \t]*\n/.test(text.slice(end, end + 400)) };
}

/**
 * Gives the comments of one document to what they belong to: at the end of a line to what stands on it; on lines of their own to what
 * follows, or, when they are indented further than that or set apart from it, to what they stand behind.
 */
export function placeComments(root: YamlNode, entries: readonly Entry[], comments: readonly Comment[], text: string): void {
  const column = (at: number): number => at - (text.lastIndexOf('\n', at - 1) + 1);
  const before = (at: number): Entry | undefined => entries.findLast((entry) => entry.at < at);
  for (let index = 0; index < comments.length; ) {
    const first = comments[index]!;
    if (!first.isAlone) {
      onLine(root, before(first.at), first.text);
      index += 1;
      continue;
    }
    // Lines that stand together, up to the next blank one.
    const next = entries.find((entry) => entry.at > first.at);
    const block = [first];
    while (!block.at(-1)!.blankAfter) {
      const following = comments[index + block.length];
      if (!following?.isAlone || (next && following.at > next.at) || column(following.at) !== column(first.at)) break;
      block.push(following);
    }
    index += block.length;
    const isLast = !comments[index]?.isAlone || (next !== undefined && comments[index]!.at > next.at);
    const lines = block.map((each) => each.text).join('\n');
    const indent = column(first.at);
    const isBehind = !next || indent > column(next.at) || (!first.blankBefore && block.at(-1)!.blankAfter);
    const owner = isBehind ? entries.findLast((entry) => entry.at < first.at && column(entry.at) <= indent) : undefined;
    if (!isBehind) {
      const target = next.key ?? next.value;
      target.headComment = joined(target.headComment, lines, isLast ? '' : '\n');
    } else if (owner && (next || indent > 0)) {
      const target = owner.key ?? owner.value;
      target.footComment = joined(target.footComment, lines);
    } else if (entries.length === 0 && next === undefined && root.footComment === '' && first.at < firstCharacter(text)) root.headComment = joined(root.headComment, lines);
    else root.footComment = joined(root.footComment, lines, block.at(-1)!.blankAfter && !isLast ? '\n' : '');
  }
}

function onLine(root: YamlNode, entry: Entry | undefined, text: string): void {
  const value = entry?.value ?? root;
  const isBlock = (value.kind === 'map' || value.kind === 'seq') && value.content.length > 0 && value.style !== 'flow';
  const target = isBlock ? (entry?.key ?? value) : value;
  target.lineComment = joined(target.lineComment, text);
}

const firstCharacter = (text: string): number => text.search(/^[^#\s]/m);

const joined = (first: string, second: string, after = ''): string => (first === '' ? second : `${first}\n${second}`) + after;
