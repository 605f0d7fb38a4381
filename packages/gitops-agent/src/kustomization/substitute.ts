import { parseYaml, printYaml, type UnstructuredObject } from '@plinth/apimachinery';
import { controlOf } from './controls.ts';

/**
 * Replaces `${name}` in the YAML of an object, as Flux' post-build substitution does: also in keys, and a number stays a
 * number. Forms: `${x}`, `${x:=default}`, `${x:-default}`, `${x:position:length}`, `${x/old/new}`, `${x//old/new}`,
 * `${x^^}`, `${x,,}`, `${#x}`; `$${x}` stands for the text `${x}`. Unknown variables are empty. Throws for other forms.
 */
export function substitute(object: UnstructuredObject, variables: ReadonlyMap<string, string>): UnstructuredObject {
  if (variables.size === 0 || controlOf(object, 'substitute') === 'disabled') return object;
  const text = printYaml(object);
  if (!text.includes('${')) return object;
  const replaced: unknown = parseYaml(replaceVariables(text, variables));
  return replaced as UnstructuredObject;
}


export function replaceVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$\{|\$\{([^{}]*)\}/g, (match, expression: string | undefined) => (expression === undefined ? '${' : evaluate(match, expression, variables)));
}

function evaluate(match: string, expression: string, variables: ReadonlyMap<string, string>): string {
  const length = /^#([_a-zA-Z]\w*)$/.exec(expression);
  if (length) return String((variables.get(length[1] ?? '') ?? '').length);
  const parts = /^([_a-zA-Z]\w*)(.*)$/s.exec(expression);
  if (!parts) throw new Error(`${match} is not a variable`);
  const [, name = '', rest = ''] = parts;
  const value = variables.get(name) ?? '';
  if (rest === '') return value;
  const fallback = /^:?[=-](.*)$/s.exec(rest);
  if (fallback) return value === '' ? (fallback[1] ?? '') : value;
  const slice = /^:(\d+)(?::(\d+))?$/.exec(rest);
  if (slice) return value.slice(Number(slice[1]), slice[2] === undefined ? undefined : Number(slice[1]) + Number(slice[2]));
  const swap = /^(\/\/?)([^/]+)\/(.*)$/s.exec(rest);
  if (swap) return swap[1] === '//' ? value.replaceAll(swap[2] ?? '', () => swap[3] ?? '') : value.replace(swap[2] ?? '', () => swap[3] ?? '');
  if (rest === '^^') return value.toUpperCase();
  if (rest === ',,') return value.toLowerCase();
  throw new Error(`${match} is not a form of substitution that this agent knows`);
}
