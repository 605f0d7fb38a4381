import { each, type YqFunction } from './yq-function.ts';
import { YqError } from './errors.ts';
import { boolean, integer, isTrue, nothing, string, YamlNode } from './node.ts';
import { scalarTag } from './scalar-tag.ts';
import { children } from './traverse.ts';

const text = (of: (node: YamlNode) => string): YqFunction => each((node) => node.replacedBy(string(of(node))));

const uncommented = (comment: string): string => comment.replaceAll(/^# ?/gm, '');

const STYLE_NAMES: Readonly<Record<string, string>> = { plain: '' };

/** Functions that say something about a node, or find one by its place. */
export const nodeFunctions: Readonly<Record<string, YqFunction>> = {
  length: each((node) => node.replacedBy(integer(lengthOf(node)))),
  not: each((node) => boolean(node, !isTrue(node))),
  select: each((node, { argument }) => (argument(0, node).some(isTrue) ? node : undefined)),
  tag: text((node) => node.tag),
  kind: text((node) => node.kind),
  style: text((node) => (node.isTagged ? 'tagged' : (STYLE_NAMES[node.style] ?? node.style))),
  anchor: text((node) => node.anchor),
  alias: text((node) => (node.kind === 'alias' ? node.value : '')),
  line_comment: text((node) => uncommented(node.lineComment)),
  head_comment: text((node) => uncommented(node.leadingContent !== '' ? node.leadingContent.replaceAll(/^\$separator\$\n/gm, '').replace(/\n$/, '') : node.headComment)),
  foot_comment: text((node) => uncommented(node.footComment)),
  key: each((node) => node.key),
  is_key: each((node) => boolean(node, node.isMapKey)),
  path: each((node) => {
    const made = node.replacedBy(new YamlNode('seq', '!!seq'));
    made.addChildren(node.path.map((step) => (typeof step === 'number' ? integer(step) : string(step))));
    return made;
  }),
  parent: each((node, { number = 1 }) => {
    let found: YamlNode | undefined = node;
    for (let level = 0; level < number; level += 1) found = found?.parent;
    return found;
  }),
  file_name: text((node) => node.root.filename),
  file_index: each((node) => node.replacedBy(integer(node.root.fileIndex))),
  document_index: each((node) => node.replacedBy(integer(node.documentIndex))),
  to_number: each((node) => {
    if (node.kind !== 'scalar') throw new YqError(`cannot convert node value [${node.value}] at path ${node.path.join('.')} of tag ${node.tag} to number`);
    if (node.tag === '!!int' || node.tag === '!!float') return node;
    const tag = scalarTag(node.value);
    if (tag !== '!!int' && tag !== '!!float') throw new YqError(`cannot convert node value [${node.value}] at path ${node.path.join('.')} of tag ${node.tag} to number`);
    return node.replacedBy(new YamlNode('scalar', tag, node.value));
  }),
  has: each((node, { argument }) => {
    const wanted = argument(0)[0] ?? nothing();
    if (node.kind === 'map') return boolean(node, node.content.some((key, index) => index % 2 === 0 && key.value === wanted.value));
    return boolean(node, node.kind === 'seq' && wanted.tag === '!!int' && node.content.length > Number(wanted.value));
  }),
  error: ({ argument }) => {
    throw new YqError(argument(0)[0]?.value ?? 'error');
  },
  collect: ({ argument, context }) => {
    const made = new YamlNode('seq', '!!seq');
    made.addChildren(context.nodes.flatMap((node) => argument(0, node)));
    return [made];
  },
  split_doc: ({ context }) =>
    context.nodes.map((node, index) => {
      node.parent = undefined;
      node.document = index;
      return node;
    }),
  any: each((node) => boolean(node, sequence(node, 'any').some((item) => isTrue(item)))),
  all: each((node) => boolean(node, sequence(node, 'all').every((item) => isTrue(item)))),
  any_c: each((node, { argument }) => boolean(node, sequence(node, 'any').some((item) => isTrue(argument(0, item)[0])))),
  all_c: each((node, { argument }) =>
    boolean(
      node,
      sequence(node, 'all').every((item) => {
        const found = argument(0, item);
        return found.length === 0 || isTrue(found[0]);
      }),
    ),
  ),
};

const sequence = (node: YamlNode, what: string): readonly YamlNode[] => {
  if (node.kind !== 'seq') throw new YqError(`${what} only supports arrays, was ${node.tag}`);
  return children(node);
};

function lengthOf(node: YamlNode): number {
  if (node.kind === 'map') return node.content.length / 2;
  if (node.kind === 'seq') return node.content.length;
  // Bytes, as yq counts.
  return node.kind === 'scalar' && node.tag !== '!!null' ? Buffer.byteLength(node.value) : 0;
}
