import type { LabelQuery, LabelRequirement, LabelSelector } from './labels.ts';
import type { StatusCause } from './status.ts';
import { childPath, fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired, indexPath } from './field-error.ts';
import { isWholeNumber, NOTHING } from './labels.ts';
import { isLabelValue, isQualifiedName } from './names.ts';
import { ParseError } from './parse-error.ts';

/**
 * The text form of a label selector (`kubectl --selector`, `labelSelector=`):
 * `a=b,c==d,e!=f,g in (x,y),h notin (z),i,!j,k>1,l<2`. Empty text selects everything.
 *
 * Errors: `ParseError` in the words of k8s.io/apimachinery/pkg/labels. Limit: 64 KiB of text.
 */
export function parseLabelSelector(text: string): LabelQuery {
  if (text.length > MAX_TEXT) throw new ParseError(`label selector is too long: ${text.length} characters`);
  const tokens = scan(text);
  const requirements: LabelRequirement[] = [];
  let position = 0;
  const peek = (): Token => tokens[position] ?? END;
  const take = (): Token => tokens[position++] ?? END;

  const requirement = (): LabelRequirement => {
    let negated = false;
    if (peek().text === '!' && peek().symbol) {
      negated = true;
      take();
    }
    const key = take();
    if (key.symbol || key === END) return refuse(`found '${key.text}', expected: identifier`);
    const wrong = isQualifiedName(key.text);
    if (wrong.length > 0) return refuse(`<nil>: ${fieldInvalid('', key.text, wrong.join('; ')).message}`);
    const next = peek();
    if (next === END || (next.symbol && next.text === ',')) {
      return { key: key.text, operator: negated ? 'DoesNotExist' : 'Exists', values: [] };
    }
    if (negated) return refuse(`found '${next.text}', expected: ',' or 'end of string'`);
    const operator = OPERATORS.get(take().text);
    if (!operator) {
      return refuse(`found '${next.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
    const values = operator === 'In' || operator === 'NotIn' ? [...list()].sort() : [single()];
    checkValues(key.text, operator, values);
    return { key: key.text, operator, values };
  };

  const single = (): string => {
    const next = peek();
    if (next === END || (next.symbol && next.text === ',')) return '';
    take();
    if (next.symbol) return refuse(`found '${next.text}', expected: identifier`);
    return next.text;
  };

  const list = (): readonly string[] => {
    const open = take();
    if (open.text !== '(' || !open.symbol) return refuse(`found '${open.text}', expected: '('`);
    const values = new Set<string>();
    for (;;) {
      const item = take();
      if (item === END) return refuse(`found '', expected: ',', or ')'`);
      if (!item.symbol) {
        values.add(item.text);
        const after = take();
        if (after.symbol && after.text === ')') return [...values];
        if (!after.symbol || after.text !== ',' || after === END) {
          return refuse(`found '${after.text}', expected: ',' or ')'`);
        }
        if (peek().symbol && peek().text === ')') values.add('');
      } else if (item.text === ',') values.add('');
      else if (item.text === ')') {
        if (values.size === 0) values.add('');
        return [...values];
      } else return refuse(`found '${item.text}', expected: ',', ')' or identifier`);
    }
  };

  while (peek() !== END) {
    const first = peek();
    if (first.symbol && first.text !== '!') {
      throw new ParseError(`found '${first.text}', expected: !, identifier, or 'end of string'`);
    }
    requirements.push(requirement());
    const after = take();
    if (after === END) break;
    if (!after.symbol || after.text !== ',') {
      throw new ParseError(`found '${after.text}', expected: ',' or 'end of string'`);
    }
    const next = peek();
    if (next === END || (next.symbol && next.text !== '!')) {
      throw new ParseError(`found '${next.text}', expected: identifier after ','`);
    }
  }
  return { requirements: requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)) };
}

const MAX_TEXT = 65_536;

interface Token {
  readonly text: string;
  readonly symbol: boolean;
}
const END: Token = { text: '', symbol: true };

const OPERATORS: ReadonlyMap<string, LabelRequirement['operator']> = new Map([
  ['=', 'Equals'],
  ['==', 'Equals'],
  ['!=', 'NotEquals'],
  ['in', 'In'],
  ['notin', 'NotIn'],
  ['>', 'GreaterThan'],
  ['<', 'LessThan'],
] as const);

function scan(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(/[ \t\r\n]+|==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+/g)) {
    const part = match[0];
    if (/^[ \t\r\n]/.test(part)) continue;
    tokens.push({ text: part, symbol: /^[=!(),<>]/.test(part) });
  }
  return tokens;
}

function refuse(detail: string): never {
  throw new ParseError(`unable to parse requirement: ${detail}`);
}

function checkValues(key: string, operator: LabelRequirement['operator'], values: readonly string[]): void {
  if (operator === 'GreaterThan' || operator === 'LessThan') {
    const value = values[0] ?? '';
    if (!isWholeNumber(value)) {
      const cause = fieldInvalid('', value, "for 'Gt', 'Lt' operators, the value must be an integer");
      refuse(`values[0]: ${cause.message}`);
    }
  }
  values.forEach((value, index) => {
    const wrong = isLabelValue(value);
    if (wrong.length > 0) refuse(`values[${index}][${key}]: ${fieldInvalid('', value, wrong.join('; ')).message}`);
  });
}

/**
 * The object form. An absent selector selects nothing, an empty one everything.
 * Errors: `ParseError` for an operator that does not exist; check what users send with {@link checkLabelSelector} first.
 */
export function queryOfSelector(selector: LabelSelector | null | undefined): LabelQuery {
  if (!selector) return NOTHING;
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push({ key, operator: 'Equals', values: [value] });
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = SET_OPERATORS.find((candidate) => candidate === operator);
    if (!known) throw new ParseError(`"${operator}" is not a valid label selector operator`);
    requirements.push({ key, operator: known, values: values ?? [] });
  }
  return { requirements: requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)) };
}

const SET_OPERATORS = ['DoesNotExist', 'Exists', 'In', 'NotIn'] as const;

/** What is wrong with a selector that stands at `path` of an object. */
export function checkLabelSelector(selector: LabelSelector | null | undefined, path: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  if (!selector) return causes;
  const labelsPath = childPath(path, 'matchLabels');
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    for (const text of isQualifiedName(key)) causes.push(fieldInvalid(labelsPath, key, text));
    for (const text of isLabelValue(value)) causes.push(fieldInvalid(labelsPath, value, text));
  }
  (selector.matchExpressions ?? []).forEach(({ key, operator, values = [] }, index) => {
    const at = indexPath(childPath(path, 'matchExpressions'), index);
    const valuesPath = childPath(at, 'values');
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) {
        causes.push(fieldRequired(valuesPath, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) {
        causes.push(fieldForbidden(valuesPath, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
    } else causes.push(fieldNotSupported(childPath(at, 'operator'), operator, SET_OPERATORS));
    for (const text of isQualifiedName(key)) causes.push(fieldInvalid(childPath(at, 'key'), key, text));
    values.forEach((value, position) => {
      for (const text of isLabelValue(value)) causes.push(fieldInvalid(indexPath(valuesPath, position), value, text));
    });
  });
  return causes;
}
