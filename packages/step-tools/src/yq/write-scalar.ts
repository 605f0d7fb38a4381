import type { Style, YamlNode } from './node.ts';
import { scalarTag } from './scalar-tag.ts';

export interface ScalarPlace {
  /** Inside of `[]` or `{}`. */
  readonly isFlow: boolean;
  readonly isKey: boolean;
  /** Column at which the lines of a block scalar begin, and how much deeper that is than what holds it. */
  readonly indent: number;
  readonly step: number;
}

/**
 * A scalar as text: its own style where that can hold it, else the next that can, by the rules of yq's library. The second
 * part is the lines of a block scalar.
 */
export function writeScalar(node: YamlNode, place: ScalarPlace): readonly [string, string?] {
  const text = node.value;
  const found = scalarTag(text);
  const isForced = node.tag === '!!str' && found !== '!!str' && !node.isTagged;
  const wanted: Style = node.style !== 'plain' && node.style !== 'flow' ? node.style : text.includes('\n') ? 'literal' : isForced ? 'double' : 'plain';
  const style = possible(wanted, text, place);
  // A tag that the text alone would not give: `!!int abc`.
  const isImplied = node.tag === '' || node.tag === '!!str' || found === node.tag || (node.tag === '!!float' && found === '!!int') || (node.tag === '!!null' && text === '');
  const tag = node.isTagged || !isImplied ? `${node.tag} ` : '';
  const [first, ...lines] = write(style, text, place);
  return [`${tag}${first}`.trimEnd(), lines.length > 0 ? lines.join('') : undefined];
}

function write(style: Style, text: string, { indent, step }: ScalarPlace): readonly string[] {
  switch (style) {
    case 'double':
      return [doubleQuoted(text)];
    case 'single':
      return [`'${text.replaceAll("'", "''")}'`];
    case 'literal':
    case 'folded':
      return block(style, text, indent, step);
    default:
      return [text];
  }
}

function possible(wanted: Style, text: string, { isFlow, isKey }: ScalarPlace): Style {
  const hasSpecial = SPECIAL.test(text);
  const hasBreak = text.includes('\n');
  const spaceBreak = / \n/.test(text);
  if (wanted === 'literal' || wanted === 'folded') {
    if (isFlow || isKey || hasSpecial || spaceBreak || text.endsWith(' ')) return 'double';
    return wanted;
  }
  if (wanted === 'plain' && (!isPlain(text, isFlow) || (text === '' && (isFlow || isKey)))) return possible('single', text, { isFlow, isKey, indent: 0, step: 0 });
  if (wanted === 'single' && (hasSpecial || spaceBreak || hasBreak)) return 'double';
  return wanted;
}

// What cannot be written as itself: control characters, surrogates without a partner, byte order marks.
// oxlint-disable-next-line no-control-regex
const SPECIAL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff\ufffe\uffff\u2028\u2029]|\p{Surrogate}/u;

function isPlain(text: string, isFlow: boolean): boolean {
  if (text === '') return !isFlow;
  if (/^(---|\.\.\.)/.test(text) || SPECIAL.test(text)) return false;
  if (/^[ \t]|[ \t]$|[\n\t]/.test(text) || /^[#,[\]{}&*!|>'"%@`]/.test(text)) return false;
  if (/^[?:-](\s|$)/.test(text) || /:(\s|$)|\s#/.test(text)) return false;
  return !isFlow || !/[,?[\]{}:]/.test(text);
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\t': '\\t', '\r': '\\r', '\0': '\\0', '\x07': '\\a', '\b': '\\b', '\v': '\\v', '\f': '\\f', '\x1b': '\\e', '\x85': '\\N', '\u2028': '\\L', '\u2029': '\\P', '\xa0': '\xa0' };

function doubleQuoted(text: string): string {
  let written = '';
  for (const character of text) {
    if (ESCAPES[character]) written += ESCAPES[character];
    else if (SPECIAL.test(character)) written += character.charCodeAt(0) < 256 ? `\\x${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}` : `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    else written += character;
  }
  return `"${written}"`;
}

/** The header, and the lines. */
function block(style: 'literal' | 'folded', text: string, indent: number, step: number): readonly string[] {
  const hint = /^[ \n]/.test(text) ? String(step) : '';
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
  const pad = ' '.repeat(indent);
  const body = chomp === '-' ? text : text.slice(0, -1);
  const lines = body.split('\n').flatMap((line, index, all) => {
    // A break that is to be read as one takes two in a folded scalar, except beside lines that are indented further.
    const isDoubled = style === 'folded' && index > 0 && line !== '' && all[index - 1] !== '' && !/^\s/.test(line) && !/^\s/.test(all[index - 1]!);
    return [...(isDoubled ? ['\n'] : []), line === '' ? '\n' : `${pad}${line}\n`];
  });
  return [`${style === 'literal' ? '|' : '>'}${hint}${chomp}`, ...lines];
}
