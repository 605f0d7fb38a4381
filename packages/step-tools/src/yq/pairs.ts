import { notUnderstood } from './errors.ts';
import { resolved, type YamlNode } from './node.ts';

/** Keys and values of a map with what its merge keys (`<<`) bring; later ones win, each at its first place. */
export function pairsOf(map: YamlNode): readonly (readonly [YamlNode, YamlNode])[] {
  const found = new Map<string, readonly [YamlNode, YamlNode]>();
  for (let index = 0; index + 1 < map.content.length; index += 2) {
    const key = resolved(map.content[index]!);
    const value = map.content[index + 1]!;
    if (key.kind !== 'scalar') throw notUnderstood('a map or sequence as a key');
    if (key.tag !== '!!merge') found.set(key.value, [key, value]);
    else for (const pair of mergedInto(value)) found.set(pair[0].value, pair);
  }
  return [...found.values()];
}

function mergedInto(value: YamlNode): readonly (readonly [YamlNode, YamlNode])[] {
  const source = resolved(value);
  if (source.kind === 'map') return pairsOf(source);
  return source.kind === 'seq' ? source.content.toReversed().flatMap((each) => mergedInto(each)) : [];
}
