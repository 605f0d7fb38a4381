import { isJsonObject, memberOf } from './json-value.ts';
import { ParseError } from './parse-error.ts';

/** One condition of a field selector; all of them must hold. */
export interface FieldRequirement {
  /** Dotted path: `metadata.name`, `status.phase`. */
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

export type FieldQuery = readonly FieldRequirement[];

/**
 * `metadata.name=x,status.phase!=Running`. A backslash takes the meaning from `,`, `=` and `\` in a value. Empty text
 * selects everything. Which fields a kind can be asked for is the caller's business.
 *
 * Errors: `ParseError` in the words of k8s.io/apimachinery/pkg/fields. Limit: 64 KiB of text.
 */
export function parseFieldSelector(text: string): FieldQuery {
  if (text.length > 65_536) throw new ParseError(`field selector is too long: ${text.length} characters`);
  const query: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === '') continue;
    const match = /^((?:[^\\=!]|\\.|!(?!=))*)(!=|==|=)([^]*)$/.exec(term);
    if (!match) throw new ParseError(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    query.push({ field, operator: operator === '!=' ? '!=' : '=', value: unescape(value, text) });
  }
  return query;
}

function splitTerms(text: string): readonly string[] {
  const terms: string[] = [];
  let term = '';
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (char === '\\') {
      term += text.slice(index, index + 2);
      index += 1;
    } else if (char === ',') {
      terms.push(term);
      term = '';
    } else term += char;
  }
  terms.push(term);
  return terms;
}

function unescape(value: string, whole: string): string {
  return value.replace(/\\([^]?)|[=]/g, (part, escaped: string | undefined) => {
    if (part === '=') throw new ParseError(`invalid selector: '${whole}'; unescaped character in value: =`);
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=') {
      throw new ParseError(`invalid selector: '${whole}'; invalid escape sequence: ${part}`);
    }
    return escaped;
  });
}

/** Whether an object satisfies the query. A field that is not there has the empty value. */
export function matchesFields(query: FieldQuery, object: unknown): boolean {
  for (const { field, operator, value } of query) {
    if ((fieldText(object, field) === value) !== (operator === '=')) return false;
  }
  return true;
}

/** The text that a field selector compares: numbers and booleans as printed, absent fields empty. */
export function fieldText(object: unknown, field: string): string {
  let value = object;
  for (const key of field.split('.')) value = isJsonObject(value) ? memberOf(value, key) : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** The one value that the query allows for a field: a list by `metadata.name` is the read of one object. */
export const requiredFieldValue = (query: FieldQuery, field: string): string | undefined =>
  query.find((requirement) => requirement.field === field && requirement.operator === '=')?.value;

/** The inverse of {@link parseFieldSelector}. */
export const printFieldQuery = (query: FieldQuery): string =>
  query.map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`).join(',');
