import { on, reading, type Context, type Evaluate } from './context.ts';
import { YqError } from './errors.ts';
import type { Expression } from './expression.ts';
import type { Style, YamlNode } from './node.ts';

type Binary = Extract<Expression, { readonly type: 'binary' }>;

const STYLES: Readonly<Record<string, Style>> = { '': 'plain', double: 'double', single: 'single', literal: 'literal', folded: 'folded', flow: 'flow' };

/** `.a style = "double"`, `.. tag |= "!!str"`, `.a line_comment = "so"`. */
export function assignAttribute({ operator, left, right }: Binary, context: Context, evaluate: Evaluate): readonly YamlNode[] {
  const [attribute, assignment] = operator.split(' ') as [string, string];
  const isRelative = assignment === '|=';
  const given = isRelative ? undefined : evaluate(right, reading(context))[0];
  let value = given?.value ?? '';
  for (const node of evaluate(left, context)) {
    if (isRelative) value = evaluate(right, on(reading(context), node))[0]?.value ?? value;
    setAttribute(node, attribute, value);
  }
  return context.nodes;
}

function setAttribute(node: YamlNode, attribute: string, value: string): void {
  switch (attribute) {
    case 'style':
      if (STYLES[value] === undefined && value !== 'tagged') throw new YqError(`unknown style ${value}`);
      node.isTagged = value === 'tagged';
      node.style = STYLES[value] ?? 'plain';
      return;
    case 'tag':
      node.tag = value;
      return;
    case 'anchor':
      node.anchor = value;
      return;
    case 'alias':
      node.kind = 'alias';
      node.value = value;
      node.content = [];
      node.target = anchored(node.root, value);
      if (!node.target) throw new YqError(`there is no anchor '${value}'`);
      return;
    case 'line_comment':
      node.lineComment = comment(value);
      return;
    case 'head_comment':
      node.headComment = comment(value);
      node.leadingContent = '';
      return;
    default:
      node.footComment = comment(value);
  }
}

/** `... comments = ""`: all comments of a node at once. */
export function assignComments({ operator, left, right }: Binary, context: Context, evaluate: Evaluate): readonly YamlNode[] {
  const isRelative = operator.endsWith('|=');
  let value = isRelative ? '' : (evaluate(right, reading(context))[0]?.value ?? '');
  for (const node of evaluate(left, context)) {
    if (isRelative) value = evaluate(right, on(reading(context), node))[0]?.value ?? value;
    for (const attribute of ['line_comment', 'head_comment', 'foot_comment']) setAttribute(node, attribute, value);
  }
  return context.nodes;
}

const comment = (text: string): string =>
  text === ''
    ? ''
    : text
        .split('\n')
        .map((line) => (line === '' || line.startsWith('#') ? line : `# ${line}`))
        .join('\n');

function anchored(node: YamlNode, name: string): YamlNode | undefined {
  if (node.anchor === name) return node;
  for (const each of node.content) {
    const found = anchored(each, name);
    if (found) return found;
  }
  return undefined;
}
