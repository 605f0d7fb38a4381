import { each, type Call, type YqFunction } from './yq-function.ts';
import { notUnderstood, YqError } from './errors.ts';
import { string, YamlNode } from './node.ts';
import { readYaml } from './read-yaml.ts';
import { writeJson } from './write-json.ts';
import { writeProps } from './write-props.ts';
import { writeYaml } from './write-yaml.ts';

const encode = (write: (node: YamlNode, call: Call) => string): YqFunction => each((node, call) => node.replacedBy(string(write(node, call))));

const scalarsOnly = (node: YamlNode, what: string): string => {
  if (node.kind !== 'scalar') throw new YqError(`cannot encode ${node.tag} as ${what}, can only operate on strings`);
  return node.value;
};

/** Functions that turn values into text of some format, and back; and those that read files. */
export const formatFunctions: Readonly<Record<string, YqFunction>> = {
  '@json': encode((node) => writeJson(node, 0).replace(/\n+$/, '')),
  to_json: encode((node, { number = 2 }) => (number === 0 ? writeJson(node, 0).replace(/\n+$/, '') : writeJson(node, number))),
  '@yaml': encode((node, { number = 2 }) => (node.kind === 'scalar' ? `${node.value}\n` : writeYaml(node, number))),
  '@props': encode((node) => writeProps(node)),
  '@base64': encode((node) => Buffer.from(scalarsOnly(node, 'base64')).toString('base64')),
  '@base64d': each((node) => decodeBase64(node)),
  '@uri': encode((node) => encodeURIComponent(scalarsOnly(node, 'uri')).replaceAll('%20', '+').replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)),
  '@urid': each((node) => node.replacedBy(string(decodeUri(node.value)))),
  '@sh': encode((node) => shellQuoted(scalarsOnly(node, 'shell'))),
  '@csv': encode((node) => separated(node, ',')),
  '@tsv': encode((node) => separated(node, '\t')),
  '@yamld': each((node) => {
    if (node.kind !== 'scalar') throw new YqError(`cannot decode ${node.tag}, can only decode strings`);
    const [read] = readYaml(node.value);
    if (!read) throw new YqError('EOF');
    return Object.assign(read, { parent: node.parent, key: node.key, document: node.documentIndex });
  }),
  load: each((node, call) => {
    const [first, ...more] = readYaml(read(node, call));
    if (!first) return new YamlNode('scalar', '!!null');
    if (more.length === 0) return first;
    const all = new YamlNode('seq', '!!seq');
    all.addChildren([first, ...more]);
    return all;
  }),
  load_str: each((node, call) => string(read(node, call))),
  load_base64: each((node, call) => decodeBase64(string(read(node, call)))),
};

function read(node: YamlNode, { argument, context }: Call): string {
  const [name] = argument(0, node);
  if (!name) throw new YqError('filename expression returned nil');
  try {
    return context.outside.readFile(name.value);
  } catch (error) {
    throw new YqError(`failed to load ${name.value}: ${(error as Error).message}`, { cause: error });
  }
}

function decodeBase64(node: YamlNode): YamlNode {
  const text = node.value.replaceAll(/\s/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new YqError('illegal base64 data');
  return node.replacedBy(string(Buffer.from(text, 'base64').toString('utf8')));
}

function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    throw new YqError(`'${text}' is not the encoding of a text for an address`, { cause: error });
  }
}

/** Quoted from where a shell would take something for something else. */
function shellQuoted(text: string): string {
  return text
    .split("'")
    .map((part) => part.replace(/^([\w@%+=:,./-]*)([^]*)$/, (_whole, plain: string, rest: string) => plain + (rest === '' ? '' : `'${rest}'`)))
    .join("\\'");
}

function separated(node: YamlNode, separator: string): string {
  if (node.kind !== 'seq') throw new YqError(`csv encoding only works for arrays, got: ${node.tag}`);
  const row = (items: readonly YamlNode[]): string =>
    items
      .map(({ kind, tag, value }) => {
        if (kind !== 'scalar') throw notUnderstood('a map or sequence in a field of csv');
        const text = tag === '!!null' ? '' : value;
        return text.includes(separator) || /["\n\r]|^\s/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
      })
      .join(separator);
  if (node.content.length === 0) return '';
  if (node.content.every(({ kind }) => kind === 'seq')) return node.content.map(({ content }) => row(content)).join('\n');
  return row(node.content);
}
