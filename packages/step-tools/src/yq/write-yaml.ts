import { notUnderstood } from './errors.ts';
import type { YamlNode } from './node.ts';
import { writeScalar } from './write-scalar.ts';

/** A document as YAML, laid out as yq 4 does: sequences in maps are indented, blank lines outside of comments are gone. */
export function writeYaml(root: YamlNode, indent: number): string {
  const step = Math.max(indent, 2);
  const head = lines(root.headComment, 0);
  const foot = lines(root.footComment, 0);
  if (isBlock(root)) {
    const properties = propertiesOf(root).trimEnd();
    return `${head}${properties === '' ? '' : `${properties}\n`}${collection(root, 0, step)}${foot}`;
  }
  return `${head}${inline(root, 0, step, false)}${foot}`;
}

const isBlock = (node: YamlNode): boolean => (node.kind === 'map' || node.kind === 'seq') && node.content.length > 0 && node.style !== 'flow';

function collection(node: YamlNode, indent: number, step: number): string {
  return node.kind === 'map' ? map(node, indent, step) : sequence(node, indent, step);
}

function map(node: YamlNode, indent: number, step: number): string {
  const pad = ' '.repeat(indent);
  let written = '';
  for (let index = 0; index + 1 < node.content.length; index += 2) {
    const key = node.content[index]!;
    const value = node.content[index + 1]!;
    if (isBlock(key)) throw notUnderstood('a map or sequence as a key');
    // A comment of the value stands above its key, where no line comes between the two.
    written += lines(key.headComment, indent) + (isBlock(value) ? '' : lines(value.headComment, indent)) + pad + flow(key, true);
    written += key.kind === 'alias' ? ' :' : ':';
    if (isBlock(value)) {
      const properties = propertiesOf(value).trimEnd();
      written += `${properties === '' ? '' : ` ${properties}`}${trailing(key, value)}\n${lines(value.headComment, indent + step)}${collection(value, indent + step, step)}`;
    } else {
      const text = inline(value, indent, step, true, key.lineComment);
      written += text.startsWith('\n') ? text : ` ${text}`;
    }
    written += behind(value.footComment, indent, index + 2 < node.content.length) + behind(key.footComment, indent, index + 2 < node.content.length);
  }
  return written;
}

function sequence(node: YamlNode, indent: number, step: number): string {
  const pad = ' '.repeat(indent);
  let written = '';
  for (const [index, item] of node.content.entries()) {
    written += lines(item.headComment, indent);
    const properties = propertiesOf(item).trimEnd();
    if (isBlock(item) && properties === '' && item.lineComment === '') written += `${pad}- ${collection(item, indent + 2, step).slice(indent + 2)}`;
    else if (isBlock(item)) written += `${pad}- ${properties}${trailing(item)}\n${collection(item, indent + 2, step)}`;
    else {
      const text = inline(item, indent, step, true);
      written += text.startsWith('\n') ? `${pad}-${text}` : `${pad}- ${text}`;
    }
    written += behind(item.footComment, indent, index + 1 < node.content.length);
  }
  return written;
}

/** A scalar, an alias or a flow collection with the end of its line. */
function inline(node: YamlNode, indent: number, step: number, isNested: boolean, keyComment = ''): string {
  const comment = node.lineComment || keyComment;
  const after = comment === '' ? '' : ` ${comment.replaceAll('\n', ' ')}`;
  if (node.kind !== 'scalar') return `${flow(node, false)}${after}\n`;
  const [text, block] = writeScalar(node, { isFlow: false, isKey: false, indent: isNested ? indent + step : step, step });
  const whole = `${anchorOf(node)}${text}`.trimEnd();
  return `${whole}${after === '' || whole !== '' ? after : after.trimStart()}\n${block ?? ''}`;
}

/** On one line. */
function flow(node: YamlNode, isKey: boolean): string {
  switch (node.kind) {
    case 'alias':
      return `*${node.value}`;
    case 'scalar':
      return `${anchorOf(node)}${writeScalar(node, { isFlow: !isKey, isKey, indent: 0, step: 2 })[0]}`;
    case 'seq':
      return `${propertiesOf(node)}[${node.content.map((item) => flow(item, false)).join(', ')}]`;
    case 'map': {
      const pairs: string[] = [];
      for (let index = 0; index + 1 < node.content.length; index += 2) {
        const value = flowValue(node.content[index + 1]!);
        pairs.push(`${flowValue(node.content[index]!)}:${value === '' ? '' : ` ${value}`}`);
      }
      return `${propertiesOf(node)}{${pairs.join(', ')}}`;
    }
    default:
      return node.kind satisfies never;
  }
}

const flowValue = (node: YamlNode): string => flow(node, false);

const anchorOf = (node: YamlNode): string => (node.anchor ? `&${node.anchor} ` : '');

function propertiesOf(node: YamlNode): string {
  const isOwn = node.isTagged || (node.tag !== '' && !node.tag.startsWith('!!'));
  return `${isOwn ? `${node.tag} ` : ''}${anchorOf(node)}`;
}

const trailing = (...nodes: readonly YamlNode[]): string => {
  const comment = nodes.map((node) => node.lineComment).find((text) => text !== '') ?? '';
  return comment === '' ? '' : ` ${comment}`;
};

/** A comment below what it belongs to; a blank line keeps it from what follows. */
const behind = (comment: string, indent: number, isFollowed: boolean): string => (comment === '' ? '' : lines(comment, indent) + (isFollowed ? '\n' : ''));

/** A comment on lines of its own. */
function lines(comment: string, indent: number): string {
  if (comment === '') return '';
  return comment
    .split('\n')
    .map((line) => (line.trim() === '' ? '\n' : `${' '.repeat(indent)}${line.startsWith('#') ? line : `# ${line}`}\n`))
    .join('');
}
