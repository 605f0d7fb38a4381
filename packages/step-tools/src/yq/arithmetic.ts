import { YqError } from './errors.ts';
import { matchesKey } from './match-key.ts';
import { boolean, isTrue, string, YamlNode } from './node.ts';
import { numberOf, scalarTag } from './scalar-tag.ts';

/** The tag, or for a tag of somebody's own what the text looks like. */
export const kindOf = (node: YamlNode): string => (node.tag.startsWith('!!') || node.kind !== 'scalar' ? node.tag : scalarTag(node.value));

const nicePath = (node: YamlNode): string => node.path.reduce<string>((text, each) => (typeof each === 'number' ? `${text}[${each}]` : text === '' ? each : `${text}.${each}`), '');

const isNumber = (tag: string): boolean => tag === '!!int' || tag === '!!float';

/** As Go prints a float64: a whole number has no point, large and small ones an exponent. */
export function goNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (exponent < -4 || exponent >= 21) return value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
  return String(value);
}

/** A whole number in the notation of `like`; beyond what is exact it is refused rather than rounded. */
function wholeNumber(value: bigint, like: string): string {
  if (value > 2n ** 63n - 1n || value < -(2n ** 63n)) throw new YqError(`${value} is more than a 64-bit number holds`);
  if (/^0x/i.test(like)) return `0x${value.toString(16).toUpperCase()}`;
  return value.toString();
}

function bigOf(node: YamlNode): bigint {
  const text = node.value.replaceAll('_', '').replace(/^\+/, '').replace(/^(-?)0(?=[0-7]+$)/, '$10o');
  try {
    return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  } catch {
    throw new YqError(`'${node.value}' is not a whole number`);
  }
}

const scalarLike = (left: YamlNode, tag: string, value: string): YamlNode => {
  const made = left.copyWithoutContent();
  Object.assign(made, { kind: 'scalar', tag: left.tag.startsWith('!!') ? tag : left.tag, value });
  return made;
};

export function add(left: YamlNode | undefined, right: YamlNode | undefined): YamlNode | undefined {
  if (!left || !right) return (left ?? right)?.copy();
  if (left.tag === '!!null') return left.replacedBy(right);
  const made = left.copyWithoutContent();
  switch (left.kind) {
    case 'map':
      if (right.kind !== 'map') throw new YqError(`${right.tag} (${nicePath(right)}) cannot be added to a ${left.tag} (${nicePath(left)})`);
      if (left.content.length === 0) made.style = 'plain';
      made.addChildren(left.content);
      for (let index = 0; index + 1 < right.content.length; index += 2) {
        const at = made.content.findIndex((key, place) => place % 2 === 0 && key.value === right.content[index]!.value);
        if (at < 0) made.addPair(right.content[index]!, right.content[index + 1]!);
        else made.content[at + 1] = made.content[at + 1]!.replacedBy(right.content[index + 1]!);
      }
      return made;
    case 'seq': {
      if (left.content.length === 0) made.style = 'plain';
      made.addChildren(left.content);
      if (right.kind === 'seq') made.addChildren(right.content);
      else if (right.tag !== '!!null') {
        const more = right.copy();
        if (left.content[0]) more.style = left.content[0].style;
        made.addChild(more);
      }
      return made;
    }
    case 'scalar':
      if (right.kind !== 'scalar') throw new YqError(`${right.tag} (${nicePath(right)}) cannot be added to a ${left.tag} (${nicePath(left)})`);
      return addScalars(left, right);
    default:
      return made;
  }
}

function addScalars(left: YamlNode, right: YamlNode): YamlNode {
  const [leftTag, rightTag] = [kindOf(left), kindOf(right)];
  if (leftTag === '!!timestamp') throw new YqError('dates are not computed with by Plinth\'s own yq; install yq 4 (https://github.com/mikefarah/yq)');
  if (leftTag === '!!str') return scalarLike(left, '!!str', rightTag === '!!null' ? left.value : left.value + right.value);
  if (rightTag === '!!str') {
    const made = scalarLike(left, '!!str', left.value + right.value);
    made.tag = right.tag;
    return made;
  }
  if (leftTag === '!!int' && rightTag === '!!int') return scalarLike(left, '!!int', wholeNumber(bigOf(left) + bigOf(right), left.value));
  if (isNumber(leftTag) && isNumber(rightTag)) return scalarLike(left, '!!float', goNumber(numberOf(left.value) + numberOf(right.value)));
  throw new YqError(`${leftTag} cannot be added to ${rightTag}`);
}

export function subtract(left: YamlNode, right: YamlNode): YamlNode {
  if (left.tag === '!!null') return left.replacedBy(right);
  if (left.kind === 'map') throw new YqError('maps not yet supported for subtraction');
  if (left.kind !== right.kind) throw new YqError(`${right.tag} (${nicePath(right)}) cannot be subtracted from ${left.tag}`);
  if (left.kind === 'seq') {
    const made = left.copyWithoutContent();
    made.addChildren(left.content.filter((item) => !right.content.some((each) => areEqual(item, each))));
    return made;
  }
  const [leftTag, rightTag] = [kindOf(left), kindOf(right)];
  if (leftTag === '!!str') throw new YqError('strings cannot be subtracted');
  if (leftTag === '!!int' && rightTag === '!!int') return scalarLike(left, '!!int', wholeNumber(bigOf(left) - bigOf(right), left.value));
  if (isNumber(leftTag) && isNumber(rightTag)) return scalarLike(left, '!!float', goNumber(numberOf(left.value) - numberOf(right.value)));
  throw new YqError(`${left.tag} cannot be added to ${right.tag}`);
}

export function divide(left: YamlNode, right: YamlNode): YamlNode {
  const [leftTag, rightTag] = [kindOf(left), kindOf(right)];
  if (leftTag === '!!str' && rightTag === '!!str') return splitText(left, right.value);
  if (isNumber(leftTag) && isNumber(rightTag)) return scalarLike(left, '!!float', goNumber(numberOf(left.value) / numberOf(right.value)));
  throw new YqError(`${left.tag} (${nicePath(left)}) cannot be divided by ${right.tag} (${nicePath(right)})`);
}

export function remainder(left: YamlNode, right: YamlNode): YamlNode {
  const [leftTag, rightTag] = [kindOf(left), kindOf(right)];
  if (leftTag === '!!int' && rightTag === '!!int') {
    if (bigOf(right) === 0n) throw new YqError('cannot modulo by 0');
    return scalarLike(left, '!!int', wholeNumber(bigOf(left) % bigOf(right), left.value));
  }
  if (isNumber(leftTag) && isNumber(rightTag)) return scalarLike(left, '!!float', goNumber(numberOf(left.value) % numberOf(right.value)));
  throw new YqError(`${left.tag} (${nicePath(left)}) cannot modulo by ${right.tag} (${nicePath(right)})`);
}

const MAX_REPEATS = 10_000_000;

export function multiplyScalars(left: YamlNode, right: YamlNode): YamlNode {
  const [leftTag, rightTag] = [kindOf(left), kindOf(right)];
  if (leftTag === '!!int' && rightTag === '!!int') return scalarLike(left, left.tag, wholeNumber(bigOf(left) * bigOf(right), left.value));
  if (isNumber(leftTag) && isNumber(rightTag)) return scalarLike(left, '!!float', goNumber(numberOf(left.value) * numberOf(right.value)));
  if ((leftTag === '!!str' && rightTag === '!!int') || (leftTag === '!!int' && rightTag === '!!str')) {
    const [text, count] = leftTag === '!!str' ? [left, right] : [right, left];
    const times = Number(bigOf(count));
    if (times < 0) throw new YqError(`cannot repeat string by a negative number (${times})`);
    if (times * Math.max(text.value.length, 1) > MAX_REPEATS) throw new YqError(`cannot repeat string ${times} times: it would be longer than ${MAX_REPEATS} characters`);
    const made = left.replacedBy(text);
    made.value = text.value.repeat(times);
    return made;
  }
  throw new YqError(`cannot multiply ${left.tag} with ${right.tag}`);
}

export function splitText(node: YamlNode, separator: string): YamlNode {
  const made = node.replacedBy(new YamlNode('seq', '!!seq'));
  if (node.value !== '') for (const part of node.value.split(separator)) made.addChild(string(part));
  return made;
}

/** `==`, where `*` and `?` on the right are a pattern. */
export function equals(left: YamlNode | undefined, right: YamlNode | undefined): boolean {
  if (!left || !right) return (left ?? right)?.tag === '!!null' || (!left && !right);
  if (left.tag === '!!null') return right.tag === '!!null';
  return left.kind === 'scalar' && right.kind === 'scalar' && matchesKey(left.value, right.value);
}

export function compare(operator: string, left: YamlNode | undefined, right: YamlNode | undefined): YamlNode {
  const orEqual = operator.endsWith('=');
  if (!left || !right) return boolean(left ?? right, !left && !right && orEqual);
  if (left.kind !== 'scalar') throw new YqError(`${left.kind === 'map' ? 'maps' : 'arrays'} not yet supported for comparison`);
  if (right.kind !== 'scalar') throw new YqError(`${right.tag} (${nicePath(right)}) cannot be compared with ${left.tag}`);
  return boolean(left, ordered(operator.startsWith('>') ? [left, right] : [right, left], orEqual));
}

/** Whether the first is greater. */
function ordered([greater, lesser]: readonly [YamlNode, YamlNode], orEqual: boolean): boolean {
  const [one, other] = [kindOf(greater), kindOf(lesser)];
  if (one === '!!int' && other === '!!int') return bigOf(greater) > bigOf(lesser) || (orEqual && bigOf(greater) === bigOf(lesser));
  if (isNumber(one) && isNumber(other)) return numberOf(greater.value) > numberOf(lesser.value) || (orEqual && numberOf(greater.value) === numberOf(lesser.value));
  const isDate = (tag: string): boolean => tag === '!!timestamp';
  if (isDate(one) || isDate(other)) {
    const [first, second] = [Date.parse(greater.value), Date.parse(lesser.value)];
    if (Number.isNaN(first) || Number.isNaN(second)) throw new YqError(`'${greater.value}' and '${lesser.value}' cannot be compared as dates`);
    return first > second || (orEqual && first === second);
  }
  if (one === '!!str' && other === '!!str') return greater.value > lesser.value || (orEqual && greater.value === lesser.value);
  if (one === '!!null' || other === '!!null') return orEqual && one === other;
  throw new YqError(`${greater.tag} not yet supported for comparison`);
}

/** Of all that is in them, in any order of keys. */
export function areEqual(left: YamlNode, right: YamlNode): boolean {
  if (left.kind !== right.kind || kindOf(left) !== kindOf(right)) return false;
  if (left.kind === 'scalar') return left.tag === '!!null' || left.value === right.value;
  if (left.kind === 'alias') return left.target === right.target;
  if (left.content.length !== right.content.length) return false;
  if (left.kind === 'seq') return left.content.every((item, index) => areEqual(item, right.content[index]!));
  return left.content.every((key, index) => {
    if (index % 2 === 1) return true;
    const at = right.content.findIndex((other, place) => place % 2 === 0 && areEqual(key, other));
    return at >= 0 && areEqual(left.content[index + 1]!, right.content[at + 1]!);
  });
}

/** For sorting: null, booleans, then numbers and strings. */
export function order(left: YamlNode, right: YamlNode): number {
  const [one, other] = [kindOf(left), kindOf(right)];
  for (const first of ['!!null', '!!bool']) {
    if (one === first && other !== first) return -1;
    if (one !== first && other === first) return 1;
  }
  if (one === '!!bool') return Number(isTrue(left)) - Number(isTrue(right));
  if (isNumber(one) && isNumber(other)) return Math.sign(numberOf(left.value) - numberOf(right.value));
  return left.value < right.value ? -1 : left.value > right.value ? 1 : 0;
}

export function contains(left: YamlNode, right: YamlNode): boolean {
  switch (left.kind) {
    case 'map':
      if (right.kind !== 'map') return false;
      return right.content.every((key, index) => {
        if (index % 2 === 1) return true;
        const at = left.content.findIndex((each, place) => place % 2 === 0 && each.value === key.value);
        return at >= 0 && contains(left.content[at + 1]!, right.content[index + 1]!);
      });
    case 'seq':
      return (right.kind === 'seq' ? right.content : [right]).every((wanted) => left.content.some((item) => contains(item, wanted)));
    case 'scalar':
      if (right.kind !== 'scalar' || left.tag !== right.tag) return false;
      return left.tag === '!!null' || (left.tag === '!!str' ? left.value.includes(right.value) : left.value === right.value);
    default:
      throw new YqError(`${left.kind} not yet supported for contains`);
  }
}
