import { YqError } from './errors.ts';
import { matchesKey } from './match-key.ts';
import { nothing, resolved, string, type YamlNode } from './node.ts';
import { numberOf } from './scalar-tag.ts';

export interface TraverseOptions {
  readonly isReadOnly: boolean;
  readonly isOptional?: boolean;
  /** Keys, too, or keys alone. */
  readonly keys?: 'with-values' | 'alone';
}

/** An array is not made longer than that by naming an index. */
const MAX_INDEX = 1_000_000;

/** `.key` of one node. A place that is not there is made, unless this is reading only. */
export function child(given: YamlNode, key: string, options: TraverseOptions): readonly YamlNode[] {
  const node = resolved(given);
  if (node.tag === '!!null' && !options.isReadOnly) becomeCollection(node, 'map');
  if (node.kind === 'map') return inMap(node, string(key), options);
  if (node.kind === 'seq') return atIndices(node, [string(key)], options, true);
  return [];
}

/** `.[]`: everything in a node. Nothing becomes an empty sequence, as yq has it. */
export function children(given: YamlNode, keys?: TraverseOptions['keys']): readonly YamlNode[] {
  const node = resolved(given);
  if (node.kind === 'scalar' && node.tag === '!!null') becomeCollection(node, 'seq');
  if (node.kind === 'seq') return [...node.content];
  return node.kind === 'map' ? mapEntries(node, undefined, keys) : [];
}

/** `.[a, b]` of one node. */
export function indexed(given: YamlNode, indices: readonly YamlNode[], options: TraverseOptions): readonly YamlNode[] {
  const node = resolved(given);
  if (node.tag === '!!null') becomeCollection(node, indices[0]?.tag === '!!int' ? 'seq' : 'map');
  if (node.kind === 'seq') return atIndices(node, indices, options, false);
  return node.kind === 'map' ? indices.flatMap((index) => inMap(node, index, options)) : [];
}

function becomeCollection(node: YamlNode, kind: 'map' | 'seq'): void {
  node.kind = kind;
  node.tag = kind === 'map' ? '!!map' : '!!seq';
  node.value = '';
  node.style = 'plain';
}

function atIndices(node: YamlNode, indices: readonly YamlNode[], options: TraverseOptions, isName: boolean): readonly YamlNode[] {
  return indices.flatMap((given) => {
    if (isName && given.value === '') return [];
    const index = numberOf(given.value);
    if (!Number.isInteger(index)) {
      if (options.isOptional) return [];
      throw new YqError(`cannot index array with '${given.value}' (strconv.ParseInt: parsing "${given.value}": invalid syntax)`);
    }
    if (index > MAX_INDEX) throw new YqError(`cannot make an array longer than ${MAX_INDEX}`);
    while (node.content.length <= index) {
      if (node.content.length === 0) node.style = 'plain';
      node.addChild(nothing());
    }
    const place = index < 0 ? node.content.length + index : index;
    if (place < 0) throw new YqError(`index [${index}] out of range, array size is ${node.content.length}`);
    return [node.content[place]!];
  });
}

function inMap(node: YamlNode, key: YamlNode, { isReadOnly, keys }: TraverseOptions): readonly YamlNode[] {
  const found = mapEntries(node, key.value, keys);
  if (found.length > 0 || isReadOnly) return found;
  if (node.content.length === 0) node.style = 'plain';
  const [ownKey, value] = node.addPair(key, nothing());
  return keys === 'alone' ? [ownKey] : keys === 'with-values' ? [ownKey, value] : [value];
}

/** What a key (or a pattern) names, or all; of merged maps, what comes later wins. */
function mapEntries(node: YamlNode, wanted: string | undefined, keys: TraverseOptions['keys']): readonly YamlNode[] {
  const found = new Map<string, readonly YamlNode[]>();
  for (let index = 0; index + 1 < node.content.length; index += 2) {
    const key = node.content[index]!;
    const value = node.content[index + 1]!;
    const name = resolved(key).value;
    if (key.tag === '!!merge' && wanted !== name && keys === undefined) {
      const source = resolved(value);
      const sources = source.kind === 'seq' ? source.content.toReversed() : [source];
      for (const each of sources.map(resolved)) if (each.kind === 'map') for (const merged of mapEntries(each, wanted, undefined)) found.set(merged.key?.value ?? '', [merged]);
    } else if (wanted === undefined || matchesKey(name, wanted)) {
      found.set(name, keys === 'alone' ? [key] : keys === 'with-values' ? [key, value] : [value]);
    }
  }
  return [...found.values()].flat();
}

/** A node and all that is below it. Aliases are not followed. */
export function descend(node: YamlNode, { withKeys, intoArrays = true }: { readonly withKeys: boolean; readonly intoArrays?: boolean }): readonly YamlNode[] {
  if (node.kind === 'alias' || (node.kind === 'seq' && !intoArrays)) return [node];
  return [
    node,
    ...node.content.flatMap((each, index) => {
      if (node.kind !== 'map') return descend(each, { withKeys, intoArrays });
      return index % 2 === 0 ? (withKeys ? [each] : []) : descend(each, { withKeys, intoArrays });
    }),
  ];
}
