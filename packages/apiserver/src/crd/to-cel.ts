import { isJsonObject, setMember } from '@plinth/apimachinery';
import type { JsonSchema } from '@plinth/api';

/**
 * A JSON value as CEL sees it: whole numbers are integers by their schema, times are times, and names of properties that
 * CEL could not write are escaped (`a-b` is `a__dash__b`). Keys of maps stay as they are.
 */
export function toCel(value: unknown, schema: JsonSchema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => toCel(item, schema?.items));
  if (isJsonObject(value)) {
    const result: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(value)) {
      const property = schema?.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
      const additional = isJsonObject(schema?.additionalProperties) ? (schema.additionalProperties as JsonSchema) : undefined;
      setMember(result, property ? escaped(key) : key, toCel(member, property ?? additional));
    }
    return result;
  }
  if (typeof value === 'number') return Number.isInteger(value) && schema?.type !== 'number' ? BigInt(value) : value;
  if (typeof value === 'string' && schema?.format === 'date-time') {
    const time = new Date(value);
    return Number.isNaN(time.getTime()) ? value : time;
  }
  return value;
}

const reserved = new Set(['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while']);

function escaped(name: string): string {
  if (reserved.has(name)) return `__${name}__`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !name.includes('__')) return name;
  return name.replace(/__/g, '__underscores__').replace(/\./g, '__dot__').replace(/-/g, '__dash__').replace(/\//g, '__slash__');
}
