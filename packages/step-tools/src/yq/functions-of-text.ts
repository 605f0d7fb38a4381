import { kindOf, splitText } from './arithmetic.ts';
import { each, type Call, type YqFunction } from './yq-function.ts';
import { envsubst } from './envsubst.ts';
import { notUnderstood, YqError } from './errors.ts';
import { boolean, integer, nothing, string, YamlNode } from './node.ts';
import { writeYaml } from './write-yaml.ts';

const onText = (what: string, change: (text: string, call: Call) => string): YqFunction =>
  each((node, call) => {
    if (kindOf(node) !== '!!str') throw new YqError(`cannot ${what} ${node.tag}, can only operate on strings`);
    return node.replacedBy(Object.assign(string(change(node.value, call)), { style: node.style }));
  });

/** Functions of strings. */
export const textFunctions: Readonly<Record<string, YqFunction>> = {
  upcase: onText('change case of', (text) => text.toUpperCase()),
  downcase: onText('change case of', (text) => text.toLowerCase()),
  trim: onText('trim', (text) => text.trim()),
  to_string: each((node) => {
    if (node.tag === '!!str') return node;
    const made = string(node.kind === 'scalar' ? node.value : writeYaml(node, 2).replace(/\n+$/, ''));
    made.style = 'double';
    return node.replacedBy(made);
  }),
  join: each((node, { argument }) => {
    if (node.kind !== 'seq') throw new YqError(`cannot join with ${node.tag}, can only join arrays of scalars`);
    return node.replacedBy(string(node.content.map(({ tag, value }) => (tag === '!!null' ? '' : value)).join(argument(0)[0]?.value ?? '')));
  }),
  split: each((node, { argument }) => {
    if (node.tag === '!!null') return undefined;
    if (kindOf(node) !== '!!str') throw new YqError(`cannot split ${node.tag}, can only split strings`);
    return splitText(node, argument(0)[0]?.value ?? '');
  }),
  sub: each((node, call) => {
    if (kindOf(node) !== '!!str') throw new YqError(`cannot substitute with ${node.tag}, can only substitute strings. Hint: Most often you'll want to use '|=' over '=' for this operation`);
    const template = call.argument(1)[0]?.value ?? '';
    const replaced = node.value.replaceAll(pattern(call.argument(0)[0]?.value ?? ''), (...found: readonly unknown[]) => expanded(template, found));
    return node.replacedBy(Object.assign(string(replaced), { style: node.style }));
  }),
  test: each((node, call) => boolean(node, pattern(call.argument(0)[0]?.value ?? '', options(call).replace('g', '')).test(textOf(node)))),
  match: each((node, call) => matches(node, call).map((match) => matched(node, match))),
  capture: each((node, call) =>
    matches(node, call).map((match) => {
      const made = node.replacedBy(new YamlNode('map', '!!map'));
      for (const [name, text] of Object.entries(match.groups ?? {})) made.addPair(string(name), text === undefined ? nothing() : string(text));
      return made;
    }),
  ),
  envsubst: each((node, { context }) => {
    if (node.tag !== '!!str') throw new YqError(`cannot substitute with ${node.tag}, can only substitute strings. Hint: Most often you'll want to use '|=' over '=' for this operation`);
    return node.replacedBy(string(envsubst(node.value, context.outside.env)));
  }),
};

/** Go's template of a replacement, of what `replaceAll` found: a group that is not there is empty. */
function expanded(template: string, found: readonly unknown[]): string {
  const groups = found.slice(0, found.findIndex((each) => typeof each === 'number')) as readonly (string | undefined)[];
  const last = found.at(-1);
  const named = new Map(typeof last === 'object' ? Object.entries(last as Record<string, string | undefined>) : []);
  return template.replaceAll(/\$(?:\{(\w+)\}|(\w+)|\$|)/g, (_whole, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return '$';
    return (/^\d+$/.test(name) ? groups[Number(name)] : named.get(name)) ?? '';
  });
}

function textOf(node: YamlNode): string {
  if (kindOf(node) !== '!!str') throw new YqError(`cannot match with ${node.tag}, can only match strings. Hint: Most often you'll want to use '|=' over '=' for this operation`);
  return node.value;
}

function options({ args, argument }: Call): string {
  const given = args.length > 1 ? (argument(1)[0]?.value ?? '') : '';
  if (given.replaceAll('g', '') !== '') throw new YqError(`'${given}' is not a valid option of match; to ignore case, write "(?i)" in front of the expression`);
  return given;
}

function matches(node: YamlNode, call: Call): readonly RegExpExecArray[] {
  const text = textOf(node);
  const expression = pattern(call.argument(0)[0]?.value ?? '');
  const found = [...text.matchAll(expression)];
  return options(call).includes('g') ? found : found.slice(0, 1);
}

function matched(node: YamlNode, match: RegExpExecArray): YamlNode {
  const entry = (text: string | undefined, offset: number, name?: string): YamlNode => {
    const made = new YamlNode('map', '!!map');
    made.addPair(string('string'), text === undefined ? nothing() : string(text));
    made.addPair(string('offset'), integer(offset));
    made.addPair(string('length'), integer(Buffer.byteLength(text ?? '')));
    if (name !== undefined) made.addPair(string('name'), string(name));
    return made;
  };
  const made = node.replacedBy(entry(match[0], Buffer.byteLength(match.input.slice(0, match.index))));
  const captures = new YamlNode('seq', '!!seq');
  const names = new Map(Object.entries((match.indices?.groups ?? {}) as Record<string, [number, number] | undefined>).map(([name, range]) => [range?.join(), name]));
  for (const [index, text] of match.slice(1).entries()) {
    const range = match.indices?.[index + 1];
    captures.addChild(entry(text, range ? Buffer.byteLength(match.input.slice(0, range[0])) : -1, range && names.get(range.join())));
  }
  made.addPair(string('captures'), captures);
  return made;
}

/** A regular expression of Go's as one of JavaScript's. What both do not understand alike is refused. */
function pattern(text: string, flags = 'gd'): RegExp {
  const [, inline = '', rest = text] = /^\(\?([ims]+)\)(.*)$/s.exec(text) ?? [];
  const odd = /\(\?[imsU-]+[:)]|\\[AzQECpP]|\(\?<?[=!]|\\[1-9]|\\h|\\x\{/.exec(rest);
  if (odd) throw notUnderstood(`'${odd[0]}' in the regular expression '${text}'`);
  const classes: Readonly<Record<string, string>> = { alpha: 'A-Za-z', digit: '0-9', alnum: 'A-Za-z0-9', upper: 'A-Z', lower: 'a-z', space: '\\s', punct: '!-\\/:-@\\[-`{-~', xdigit: '0-9A-Fa-f', word: '\\w', blank: ' \\t' };
  const translated = rest.replaceAll('(?P<', '(?<').replaceAll(/\[:(\w+):\]/g, (whole, name: string) => {
    if (!classes[name]) throw notUnderstood(`'${whole}' in the regular expression '${text}'`);
    return classes[name];
  });
  try {
    return new RegExp(translated, [...new Set(`${flags}${inline}`)].join(''));
  } catch (error) {
    throw new YqError(`error parsing regexp '${text}': ${(error as Error).message}`, { cause: error });
  }
}
