import type { Call, YqFunction } from './yq-function.ts';
import { on, writing } from './context.ts';
import { YqError } from './errors.ts';
import { resolved, type YamlNode } from './node.ts';
import { pairsOf } from './pairs.ts';
import { parse } from './parse.ts';
import { MAX_NODES } from './read-yaml.ts';
import { child, children, indexed } from './traverse.ts';

/** Functions that change the nodes that they are given. */
export const changeFunctions: Readonly<Record<string, YqFunction>> = {
  del: ({ argument, context }) => remove(context.nodes, argument(0)),
  del_paths: ({ argument, context }) => {
    let { nodes } = context;
    for (const path of argument(0)[0]?.content ?? []) nodes = remove(nodes, nodes.flatMap((node) => atPath(node, path, true)));
    return nodes;
  },
  set_path: ({ args, argument, context, evaluate }) => {
    const [path] = argument(0);
    if (path?.kind !== 'seq') throw new YqError(`SETPATH: expected path array, but got ${path?.tag ?? 'nothing'} instead`);
    for (const node of context.nodes) {
      const [value] = evaluate(args[1]!, on(context, node));
      if (!value) throw new YqError('SETPATH: expected single value on RHS but found 0');
      for (const place of atPath(node, path, false)) place.updateFrom(value);
    }
    return context.nodes;
  },
  with: ({ args, context, evaluate }) => {
    for (const node of evaluate(args[0]!, context)) evaluate(args[1]!, on(context, node));
    return context.nodes;
  },
  map_values: (call) => {
    for (const node of call.context.nodes) {
      for (const value of children(node)) {
        const [result] = call.evaluate(call.args[0]!, on(call.context, value));
        if (result) value.updateFrom(result);
      }
    }
    return call.context.nodes;
  },
  sort_keys: ({ argument, context }) => {
    for (const node of context.nodes) {
      for (const map of argument(0, node)) {
        if (map.kind !== 'map') continue;
        const pairs = map.content.flatMap((key, index) => (index % 2 === 0 ? [[key, map.content[index + 1]!] as const] : []));
        map.content = pairs.toSorted(([left], [right]) => (left.value < right.value ? -1 : left.value > right.value ? 1 : 0)).flat();
      }
    }
    return context.nodes;
  },
  flatten: ({ context, number = Number.POSITIVE_INFINITY }) => {
    for (const node of context.nodes) {
      if (node.kind !== 'seq') throw new YqError('only arrays are supported for flatten');
      const items = flat(node, number);
      node.content = [];
      node.addChildren(items);
    }
    return context.nodes;
  },
  explode: (call) => {
    for (const node of call.context.nodes) for (const each of call.evaluate(call.args[0]!, on(call.context, node))) explode(each, { count: 0 });
    return call.context.nodes;
  },
  eval: (call) => evaluated(call),
};

function evaluated({ argument, context, evaluate }: Call): readonly YamlNode[] {
  return argument(0).flatMap((text) => evaluate(parse(text.value), writing(context)));
}

function remove(nodes: readonly YamlNode[], unwanted: readonly YamlNode[]): readonly YamlNode[] {
  let rest = nodes;
  // From the last on, so that the indices of those before it still hold.
  for (const node of unwanted.toReversed()) {
    const { parent } = node;
    if (!parent) rest = rest.filter((each) => each !== node);
    else if (parent.kind === 'map') {
      const name = node.isMapKey ? node.value : node.key?.value;
      parent.content = parent.content.filter((each, index) => (index % 2 === 0 ? each.value : parent.content[index - 1]!.value) !== name);
    } else {
      const at = Number(node.key?.value);
      parent.content = parent.content.filter((_each, index) => index !== at);
      for (const [index, each] of parent.content.entries()) if (each.key) each.key.value = String(index);
    }
  }
  return rest;
}

function atPath(node: YamlNode, path: YamlNode, isReadOnly: boolean): readonly YamlNode[] {
  let places: readonly YamlNode[] = [node];
  for (const step of path.content) places = places.flatMap((place) => (step.tag === '!!int' ? indexed(place, [step], { isReadOnly }) : child(place, step.value, { isReadOnly })));
  return places;
}

const flat = (node: YamlNode, depth: number): readonly YamlNode[] => node.content.flatMap((item) => (item.kind === 'seq' && depth > 0 ? flat(item, depth - 1) : [item]));

/** Puts what aliases and merge keys stand for in their place. */
export function explode(node: YamlNode, counted: { count: number }): void {
  if ((counted.count += 1) > MAX_NODES) throw new YqError(`what the aliases stand for is more than ${MAX_NODES} values`);
  node.anchor = '';
  if (node.kind === 'alias') {
    const target = resolved(node).copy();
    Object.assign(node, { kind: target.kind, tag: target.tag, value: target.value, style: target.style, target: undefined, content: [], anchor: '' });
    node.addChildren(target.content);
  }
  if (node.kind === 'map' && node.content.some((key, index) => index % 2 === 0 && key.tag === '!!merge')) {
    const pairs = pairsOf(node);
    node.content = [];
    for (const [key, value] of pairs) node.addPair(key, value);
  }
  for (const each of node.content) explode(each, counted);
}
