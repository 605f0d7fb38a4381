export interface PlainYamlOptions {
  readonly sortKeys: boolean;
  /** Prints a map of one text that needs thought. */
  readonly printAny: (value: Readonly<Record<string, string>>) => string;
}

/**
 * Prints what API objects are mostly made of, to the letter as the YAML library does, with which a test compares it. It asks for
 * texts that may need quotes one by one; undefined where keys or values are not the usual ones.
 */
export function printPlainYaml(value: unknown, options: PlainYamlOptions): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const lines: string[] = [];
  if (!printBlock(value, '', '', lines, options) || lines.length === 0) return undefined;
  return `${lines.join('\n')}\n`;
}

/** `first`: what the first line begins with in place of `indent`. False when it cannot be done. */
function printBlock(value: object, first: string, indent: string, lines: string[], options: PlainYamlOptions): boolean {
  let start = first;
  const print = (head: string, item: unknown, deeper: string): boolean => {
    const scalar = printScalar(item, indent, options);
    if (scalar !== undefined) lines.push(`${start}${head} ${scalar}`);
    else if (typeof item !== 'object') return false;
    else if (head !== '-') {
      lines.push(start + head);
      if (!printBlock(item!, deeper, deeper, lines, options)) return false;
    } else if (!printBlock(item!, `${start}- `, deeper, lines, options)) return false;
    start = indent;
    return true;
  };
  if (Array.isArray(value)) return value.every((item) => print('-', item ?? null, `${indent}  `));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const keys = Object.keys(value);
  for (const key of options.sortKeys ? keys.sort() : keys) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (member === undefined) continue;
    if (!KEY.test(key) || RESERVED.test(key)) return false;
    // The items of a list stand below its key.
    if (!print(`${key}:`, member, Array.isArray(member) ? indent : `${indent}  `)) return false;
  }
  return true;
}

/** Undefined for maps and lists with something in them, and for what has no place in JSON. */
function printScalar(value: unknown, indent: string, { printAny }: PlainYamlOptions): string | undefined {
  switch (typeof value) {
    case 'string':
      if (PLAIN.test(value) ? !RESERVED.test(value) : UUID.test(value)) return value;
      if (QUOTED.test(value) || (SENTENCE.test(value) && NOT_BARE.test(value))) return `"${value}"`;
      // Blocks of text are as deep as what is around them; empty lines are not.
      return printAny({ k: value }).slice('k: '.length, -1).replaceAll(/\n(?=[^\n])/g, `\n${indent}`);
    case 'number':
      return Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : JSON.stringify(value)) : undefined;
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return value.length === 0 ? '[]' : undefined;
      return Object.getPrototypeOf(value) === Object.prototype && isEmpty(value) ? '{}' : undefined;
    default:
      return undefined;
  }
}

/** Members that are undefined are not printed. */
function isEmpty(map: object): boolean {
  for (const key in map) if ((map as Readonly<Record<string, unknown>>)[key] !== undefined) return false;
  return true;
}

const KEY = /^[A-Za-z_][\w./-]{0,300}$/;
/** Words, paths and sentences: no indicator of YAML at the start, and none within. */
const PLAIN = /^[A-Za-z_/](?:[\w./(),;=+@'-]|[ :](?=[\w./(]))*$/;
/** What YAML 1.1 takes for a boolean or null, and what looks like it. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null)$/i;
/** With a dash behind eight digits, it is neither a number nor a date. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Resource versions, times and a condition's status, which are texts: without quotes they would be a number, a date and a boolean. */
const QUOTED = /^(?:|0|[1-9][0-9]*|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z|[Tt]rue|[Ff]alse|[Nn]ull)$/;
/** Printable, and nothing to escape. */
const SENTENCE = /^[A-Za-z][ !#-[\]-~]*$/;
const NOT_BARE = /: | #|[ :]$/;
