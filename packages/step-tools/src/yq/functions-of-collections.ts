import { compare, contains, order } from './arithmetic.ts';
import { each, type Call, type YqFunction } from './yq-function.ts';
import { on } from './context.ts';
import { YqError } from './errors.ts';
import { boolean, integer, isTrue, string, YamlNode } from './node.ts';
import { children } from './traverse.ts';
import { writeYaml } from './write-yaml.ts';

const emptySequence = (): YamlNode => new YamlNode('seq', '!!seq');

function sequenceOf(items: readonly YamlNode[], inPlaceOf: YamlNode): YamlNode {
  const made = inPlaceOf.replacedBy(emptySequence());
  made.addChildren(items);
  return made;
}

/** The same with its comments, which stand in front of what it becomes. */
const withComments = (made: YamlNode, { leadingContent, headComment, lineComment, footComment }: YamlNode): YamlNode => Object.assign(made, { leadingContent, headComment, lineComment, footComment });

const itemsOf = (node: YamlNode, what: string): readonly YamlNode[] => {
  if (node.kind !== 'seq') throw new YqError(`only arrays are supported for ${what}`);
  return node.content;
};

/** Functions that make a map or a sequence of another. */
export const collectionFunctions: Readonly<Record<string, YqFunction>> = {
  keys: each((node) => {
    const made = emptySequence();
    if (node.kind === 'map') made.addChildren(node.content.filter((_key, index) => index % 2 === 0));
    else if (node.kind === 'seq') made.addChildren(node.content.map((_item, index) => integer(index)));
    else throw new YqError(`cannot get keys of ${node.tag}, keys only works for maps and arrays`);
    return made;
  }),
  map: each((node, call) => sequenceOf(children(node).flatMap((item) => call.evaluate(call.args[0]!, on(call.context, item))), node)),
  filter: each((node, { argument }) => sequenceOf(children(node).filter((item) => argument(0, item).some(isTrue)), node)),
  to_entries: each((node) => toEntries(node)),
  from_entries: each((node) => fromEntries(node)),
  with_entries: each((node, call) => {
    const entries = toEntries(node);
    if (!entries) return undefined;
    const made = withComments(emptySequence(), node);
    made.addChildren(children(entries).flatMap((entry) => call.evaluate(call.args[0]!, on(call.context, entry))));
    return Object.assign(fromEntries(made), { document: node.documentIndex, parent: node.parent, key: node.key });
  }),
  sort: each((node, call) => sorted(node, call, (item) => [item])),
  sort_by: each((node, call) => sorted(node, call, (item) => call.argument(0, item))),
  reverse: each((node) => withComments(Object.assign(sequenceOf(itemsOf(node, 'reverse').toReversed(), node), { style: node.style }), node)),
  unique: each((node) => unique(node, (item) => item)),
  unique_by: each((node, { argument }) => unique(node, (item) => argument(0, item)[0])),
  group_by: each((node, { argument }) => {
    const groups = new Map<string, YamlNode>();
    for (const item of itemsOf(node, 'group by')) {
      const name = argument(0, item)[0]?.value ?? 'null';
      const group = groups.get(name) ?? emptySequence();
      group.addChild(item);
      groups.set(name, group);
    }
    return sequenceOf([...groups.values()], node);
  }),
  min: each((node) => extreme(node, '<')),
  max: each((node) => extreme(node, '>')),
  contains: ({ context, argument }) =>
    context.nodes.flatMap((node) =>
      argument(0, node).map((other) => {
        if (node.kind !== other.kind) throw new YqError(`${other.tag} cannot check contained in ${node.tag}`);
        return boolean(node, contains(node, other));
      }),
    ),
  pick: each((node, { argument }) => {
    const wanted = argument(0)[0]?.content ?? [];
    const made = node.copyWithoutContent();
    if (node.kind === 'map') for (const key of wanted) made.addChildren(pairNamed(node, key.value));
    else if (node.kind === 'seq') made.addChildren(wanted.flatMap((index) => node.content[Number(index.value)] ?? []));
    else throw new YqError(`cannot pick indices from type ${node.tag} (${node.path.join('.')})`);
    return made;
  }),
  omit: each((node, { argument }) => {
    const unwanted = new Set((argument(0)[0]?.content ?? []).map(({ value }) => value));
    const made = node.copyWithoutContent();
    if (node.kind === 'map') for (let index = 0; index + 1 < node.content.length; index += 2) made.addChildren(unwanted.has(node.content[index]!.value) ? [] : node.content.slice(index, index + 2));
    else if (node.kind === 'seq') made.addChildren(node.content.filter((_item, index) => !unwanted.has(String(index))));
    else throw new YqError(`cannot omit indices from type ${node.tag} (${node.path.join('.')})`);
    return made;
  }),
  array_to_map: each((node) => {
    const made = new YamlNode('map', '!!map');
    for (const [index, item] of itemsOf(node, 'array_to_map').entries()) if (item.tag !== '!!null') made.addPair(integer(index), item);
    return node.replacedBy(made);
  }),
};

function toEntries(node: YamlNode): YamlNode | undefined {
  if (node.kind === 'scalar' && node.tag === '!!null') return undefined;
  if (node.kind !== 'map' && node.kind !== 'seq') throw new YqError(`${node.tag} has no keys`);
  const made = withComments(node.replacedBy(emptySequence()), node);
  const pairs = node.kind === 'map' ? pairsIn(node) : node.content.map((item, index) => [integer(index), item] as const);
  for (const [key, value] of pairs) {
    const entry = new YamlNode('map', '!!map');
    entry.addPair(string('key'), key);
    entry.addPair(string('value'), value);
    made.addChild(entry);
  }
  return made;
}

const pairsIn = (node: YamlNode): readonly (readonly [YamlNode, YamlNode])[] => node.content.flatMap((key, index) => (index % 2 === 0 ? [[key, node.content[index + 1]!] as const] : []));

const pairNamed = (node: YamlNode, name: string): readonly YamlNode[] => pairsIn(node).find(([key]) => key.value === name) ?? [];

function fromEntries(node: YamlNode): YamlNode {
  if (node.kind !== 'seq') throw new YqError('from entries only runs against arrays');
  const made = node.copyWithoutContent();
  Object.assign(made, { kind: 'map', tag: '!!map' });
  for (const [position, entry] of node.content.entries()) {
    const [, key] = pairNamed(entry, 'key');
    const [, value] = pairNamed(entry, 'value');
    if (!key || !value) throw new YqError(`expected to find one '${key ? 'value' : 'key'}' entry but found 0 in position ${position}`);
    made.addPair(key, value);
  }
  return made;
}

function sorted(node: YamlNode, _call: Call, by: (item: YamlNode) => readonly YamlNode[]): YamlNode {
  if (node.kind !== 'seq' && node.kind !== 'map') throw new YqError(`node at path [${node.path.join('.')}] is not an array or map (it's a ${node.tag})`);
  const made = withComments(Object.assign(node.copyWithoutContent(), { style: node.style }), node);
  const compared = (node.kind === 'map' ? pairsIn(node).map(([, value]) => value) : node.content).map((item) => [item, by(item)] as const);
  const byKeys = compared.toSorted(([, left], [, right]) => {
    for (const [index, one] of left.entries()) {
      const result = right[index] ? order(one, right[index]) : 0;
      if (result !== 0) return result;
    }
    return left.length - right.length;
  });
  for (const [item] of byKeys) {
    if (node.kind === 'map') made.addPair(item.key!, item);
    else made.addChild(item);
  }
  return made;
}

function unique(node: YamlNode, by: (item: YamlNode) => YamlNode | undefined): YamlNode {
  const found = new Map<string, YamlNode>();
  for (const item of itemsOf(node, 'unique')) {
    const key = by(item);
    const name = !key ? 'null' : key.kind === 'scalar' ? key.value : writeYaml(key, 2);
    if (!found.has(name)) found.set(name, item);
  }
  return withComments(Object.assign(sequenceOf([...found.values()], node), { style: node.style }), node);
}

function extreme(node: YamlNode, operator: '<' | '>'): YamlNode | undefined {
  let [best, ...rest] = children(node);
  for (const item of rest) if (isTrue(compare(operator, item, best))) best = item;
  return best;
}
