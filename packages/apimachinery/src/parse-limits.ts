import { ParseError } from './parse-error.ts';

/** What outside input may cost. */
export interface ParseLimits {
  /** Characters of text. */
  readonly maxLength: number;
  /** Maps and lists inside of each other. */
  readonly maxDepth: number;
  /** Scalars, maps and lists in one text, counted once for every place where an alias puts them. */
  readonly maxNodes: number;
}

/** 3 MiB is what Kubernetes takes in a request body. */
export const DEFAULT_PARSE_LIMITS: ParseLimits = { maxLength: 3 * 1024 * 1024, maxDepth: 256, maxNodes: 500_000 };

export function checkLength(what: string, text: string, { maxLength }: ParseLimits): void {
  if (text.length > maxLength) {
    throw new ParseError(`${what}: text is too long: ${text.length} characters, at most ${maxLength}`);
  }
}
