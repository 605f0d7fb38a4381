import type { ParseLimits } from './parse-limits.ts';
import { childPath, indexPath } from './field-error.ts';
import { ParseError } from './parse-error.ts';
import { checkLength, DEFAULT_PARSE_LIMITS } from './parse-limits.ts';

/**
 * Parses JSON from outside. `duplicates` are the paths of keys that stand twice in one object (the last one counts), for
 * `fieldValidation=Strict`; at most 100.
 *
 * Errors: `ParseError` when it is not JSON or beyond the limits.
 */
export function parseJson(
  text: string,
  limits: Partial<ParseLimits> = {},
): { readonly value: unknown; readonly duplicates: readonly string[] } {
  const bounds = { ...DEFAULT_PARSE_LIMITS, ...limits };
  checkLength('json', text, bounds);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ParseError(`json: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  // Looking for duplicates takes a parser of its own, so ask first whether as many members arrived as were written.
  const members = countMembers(value, bounds);
  return { value, duplicates: members === countColons(text) ? [] : findDuplicates(text) };
}

function countMembers(root: unknown, { maxDepth, maxNodes }: ParseLimits): number {
  let nodes = 0;
  let members = 0;
  const visit = (value: unknown, depth: number): void => {
    nodes += 1;
    if (typeof value !== 'object' || value === null) return;
    if (depth > maxDepth) throw new ParseError(`json: more than ${maxDepth} levels deep`);
    if (nodes > maxNodes) throw new ParseError(`json: more than ${maxNodes} values`);
    if (Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1);
    } else {
      for (const key of Object.keys(value)) {
        members += 1;
        visit((value as Record<string, unknown>)[key], depth + 1);
      }
    }
  };
  visit(root, 1);
  if (nodes > maxNodes) throw new ParseError(`json: more than ${maxNodes} values`);
  return members;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

function countColons(text: string): number {
  let colons = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === COLON) colons += 1;
    else if (char === QUOTE) at = stringEnd(text, at);
  }
  return colons;
}

/** The index of the closing quote; the text is known to be JSON. */
function stringEnd(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === BACKSLASH) at += 1;
    else if (char === QUOTE) return at;
  }
  return text.length;
}

interface Frame {
  readonly path: string;
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
}

/** Walks JSON that is known to be right; a string is a key where an object waits for one. */
function findDuplicates(text: string): readonly string[] {
  const duplicates: string[] = [];
  const frames: Frame[] = [];
  let expectsKey = false;
  const here = (): string => {
    const frame = frames.at(-1);
    return !frame ? '' : frame.keys ? childPath(frame.path, frame.key) : indexPath(frame.path, frame.index);
  };
  for (let at = 0; at < text.length && duplicates.length < 100; at += 1) {
    const frame = frames.at(-1);
    switch (text[at]) {
      case '{':
        frames.push({ path: here(), keys: new Set(), key: '', index: 0 });
        expectsKey = true;
        break;
      case '[':
        frames.push({ path: here(), keys: undefined, key: '', index: 0 });
        expectsKey = false;
        break;
      case '}':
      case ']':
        frames.pop();
        expectsKey = false;
        break;
      case ',':
        expectsKey = frame?.keys !== undefined;
        if (frame && !frame.keys) frame.index += 1;
        break;
      case '"': {
        const end = stringEnd(text, at);
        if (expectsKey && frame?.keys) {
          frame.key = JSON.parse(text.slice(at, end + 1)) as string;
          if (frame.keys.has(frame.key)) duplicates.push(childPath(frame.path, frame.key));
          frame.keys.add(frame.key);
          expectsKey = false;
        }
        at = end;
        break;
      }
      default:
    }
  }
  return duplicates;
}
