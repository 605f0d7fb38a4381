import { add, multiplyScalars } from './arithmetic.ts';
import { string, type YamlNode } from './node.ts';
import { child, descend, indexed } from './traverse.ts';

/** Flags of `*`: `+` appends arrays, `d` merges them, `?` only what is there, `n` only what is not, `c` with custom tags. */
export function multiply(left: YamlNode, right: YamlNode, flags: string): YamlNode {
  if (right.tag === '!!null') return left.copy();
  const isNothing = left.tag === '!!null';
  if (!((left.kind === right.kind && left.kind !== 'scalar') || (isNothing && (right.kind === 'map' || right.kind === 'seq')))) return multiplyScalars(left, right);
  const made = left.copy();
  if (left.headComment === '' && left.leadingContent === '') Object.assign(made, { headComment: right.headComment, leadingContent: right.leadingContent });
  made.footComment ||= right.footComment;
  const from = right.path.length;
  for (const each of descend(right, { withKeys: true, intoArrays: flags.includes('d') })) if (each.tag !== '!!merge') assign(made, each, each.path.slice(from), flags);
  return made;
}

/** What one place of the right becomes in the left. */
function assign(into: YamlNode, from: YamlNode, path: readonly (string | number)[], flags: string): void {
  const [isKept, onlyNew] = [flags.includes('?'), flags.includes('n')];
  let places: readonly YamlNode[] = [into];
  for (const [index, each] of path.entries()) {
    const keys = from.isMapKey && index === path.length - 1 ? 'alone' : undefined;
    places = places.flatMap((place) => (typeof each === 'number' ? indexed(place, [string(String(each))].map(asIndex), { isReadOnly: isKept }) : child(place, each, { isReadOnly: isKept, ...(keys ? { keys } : {}) })));
  }
  for (const place of places) {
    if (onlyNew && place.tag !== '!!null') continue;
    if (flags.includes('+') && from.kind === 'seq') place.updateFrom(add(place, from)!, !flags.includes('c'));
    else if ((from.kind === 'seq' && !flags.includes('d')) || from.kind === 'scalar' || from.kind === 'alias') place.updateFrom(from, !flags.includes('c'));
    else place.updateAttributesFrom(from, !flags.includes('c'));
  }
}

const asIndex = (node: YamlNode): YamlNode => Object.assign(node, { tag: '!!int' });
