import { RE2JS } from 're2js';

/**
 * Compiles a `pattern` of a schema. RE2 has no back references and no look-around, and takes time in proportion to the
 * value, whatever the pattern (decision 0010).
 *
 * Errors: an `Error` that says what RE2 does not understand. Limit: 8,192 characters.
 */
export function compilePattern(pattern: string): Pattern {
  const known = compiled.get(pattern);
  if (known) return known;
  if (pattern.length > MAX_PATTERN) throw new Error(`pattern is too long: ${pattern.length} characters, at most ${MAX_PATTERN}`);
  const fresh = RE2JS.compile(pattern);
  if (compiled.size >= MAX_COMPILED) compiled.delete(compiled.keys().next().value ?? '');
  compiled.set(pattern, fresh);
  return fresh;
}

export interface Pattern {
  test(value: string): boolean;
}

const MAX_PATTERN = 8_192;
const MAX_COMPILED = 1_000;
const compiled = new Map<string, Pattern>();
