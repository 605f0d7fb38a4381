import { MAX_NODES } from './read-yaml.ts';
import { YqError } from './errors.ts';
import { resolved, type YamlNode } from './node.ts';
import { numberOf } from './scalar-tag.ts';
import { pairsOf } from './pairs.ts';

/** A document as JSON. An indent of 0 puts it on one line. */
export function writeJson(root: YamlNode, indent: number): string {
  let count = 0;
  const write = (given: YamlNode, depth: number): string => {
    if ((count += 1) > MAX_NODES) throw new YqError(`what the aliases stand for is more than ${MAX_NODES} values`);
    const node = resolved(given);
    if (node.kind === 'scalar') return jsonScalar(node);
    const [open, close] = node.kind === 'map' ? ['{', '}'] : ['[', ']'];
    const parts = node.kind === 'map' ? pairsOf(node).map(([key, value]) => `${quoted(key.value)}:${indent > 0 ? ' ' : ''}${write(value, depth + 1)}`) : node.content.map((item) => write(item, depth + 1));
    if (parts.length === 0) return `${open}${close}`;
    if (indent <= 0) return `${open}${parts.join(',')}${close}`;
    const pad = ' '.repeat(indent * (depth + 1));
    return `${open}\n${parts.map((part) => pad + part).join(',\n')}\n${' '.repeat(indent * depth)}${close}`;
  };
  return `${write(root, 0)}\n`;
}

function jsonScalar(node: YamlNode): string {
  switch (node.tag) {
    case '!!null':
      return 'null';
    case '!!bool':
      return /^(true|y|yes|on)$/i.test(node.value) ? 'true' : 'false';
    case '!!int': {
      const plain = node.value.replaceAll('_', '').replace(/^\+/, '');
      if (/^-?[0-9]+$/.test(plain) && !/^-?0[0-9]/.test(plain)) return plain;
      return String(numberOf(node.value));
    }
    case '!!float': {
      const value = numberOf(node.value);
      if (!Number.isFinite(value)) throw new YqError(`json: unsupported value: ${node.value}`);
      return goFloat(value);
    }
    default:
      return quoted(node.value);
  }
}

/** As Go writes a float64 in JSON: without an exponent from 1e-6 up to 1e21. */
export function goFloat(value: number): string {
  return String(value).replace(/e([-+])(\d)$/, 'e$10$2');
}

const SPECIAL: Readonly<Record<string, string>> = { '\\b': '\\u0008', '\\f': '\\u000c', '\u2028': '\\u2028', '\u2029': '\\u2029' };

/** As Go writes strings, without escaping HTML. */
export function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/\\.|[\u2028\u2029]/g, (found) => SPECIAL[found] ?? found);
}
