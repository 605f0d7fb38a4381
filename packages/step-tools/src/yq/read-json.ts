import { goNumber } from './arithmetic.ts';
import { YqError } from './errors.ts';
import { YamlNode } from './node.ts';
import type { Origin } from './read-yaml.ts';

const TOKEN = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null))/y;
const MAX_DEPTH = 500;

/** JSON values, one after the other, each a document. Keys keep their order. */
export function readJson(text: string, origin: Origin): YamlNode[] {
  let at = 0;
  const next = (): RegExpExecArray => {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) throw new YqError(`bad file '${origin.filename || '-'}': ${text.slice(at).trim() === '' ? 'it ends in the middle of a value' : `'${text.slice(at).trim().slice(0, 12)}' at character ${at + 1} is not JSON`}`);
    at = TOKEN.lastIndex;
    return found;
  };
  const value = ([, mark, quoted, number, word]: RegExpExecArray, depth: number): YamlNode => {
    if (depth > MAX_DEPTH) throw new YqError(`the document is nested more than ${MAX_DEPTH} deep`);
    if (quoted !== undefined) return new YamlNode('scalar', '!!str', JSON.parse(quoted) as string);
    if (number !== undefined) return /[.eE]/.test(number) ? new YamlNode('scalar', '!!float', goNumber(Number(number))) : new YamlNode('scalar', '!!int', number);
    if (word !== undefined) return new YamlNode('scalar', word === 'null' ? '!!null' : '!!bool', word);
    if (mark === '[') return sequence(depth);
    if (mark === '{') return map(depth);
    throw new YqError(`bad file '${origin.filename || '-'}': '${mark}' before character ${at + 1} is not the start of a JSON value`);
  };
  const separated = (close: string, take: (token: RegExpExecArray) => void): void => {
    for (let token = next(); token[1] !== close; ) {
      take(token);
      token = next();
      if (token[1] === ',') token = next();
      else if (token[1] !== close) throw new YqError(`bad file '${origin.filename || '-'}': a comma or '${close}' is missing before character ${at}`);
    }
  };
  const sequence = (depth: number): YamlNode => {
    const made = new YamlNode('seq', '!!seq');
    separated(']', (token) => made.addChildInPlace(value(token, depth + 1)));
    return made;
  };
  const map = (depth: number): YamlNode => {
    const made = new YamlNode('map', '!!map');
    separated('}', (token) => {
      const key = value(token, depth + 1);
      if (token[2] === undefined || next()[1] !== ':') throw new YqError(`bad file '${origin.filename || '-'}': a key of a JSON object is expected before character ${at}`);
      made.addPairInPlace(key, value(next(), depth + 1));
    });
    return made;
  };
  const found: YamlNode[] = [];
  for (; text.slice(at).trim() !== ''; ) found.push(Object.assign(value(next(), 0), { document: found.length, filename: origin.filename, fileIndex: origin.fileIndex }));
  return found;
}
