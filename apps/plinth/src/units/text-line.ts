import { inspect } from 'node:util';

/**
 * A line of a log for people: `TIME LEVEL message name=value ...`; below it, indented, the stack of an error. Whatever the
 * values hold, it begins no line of its own and steers no terminal.
 */
export function textLine(time: Date, level: string, message: string, fields: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${shown(value)}`]));
  const stacks = Object.values(fields).flatMap((value) => (value instanceof Error && value.stack ? value.stack.split('\n').filter((line) => /^\s+at /.test(line)) : []));
  return `${[time.toISOString(), level.toUpperCase().padEnd(5), message, ...pairs].join(' ')}\n${stacks.map((line) => `    ${printable(line.trim())}\n`).join('')}`;
}

function shown(value: unknown): string {
  const text = value instanceof Error ? value.message : typeof value === 'string' ? value : (JSON.stringify(value) ?? inspect(value));
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : printable(JSON.stringify(text));
}

const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
