import { fieldInvalid } from './field-error.ts';
import { ParseError } from './parse-error.ts';

/**
 * The revision in a `resourceVersion` that a client sent: a whole number from zero. Kubernetes lets clients compare
 * resourceVersions as numbers since 1.35; before, they are opaque to all but the server.
 */
export function parseResourceVersion(text: string): number {
  const revision = Number(text);
  if (!/^[0-9]{1,19}$/.test(text) || !Number.isSafeInteger(revision)) {
    const cause = fieldInvalid('resourceVersion', text, `strconv.ParseUint: parsing "${text}": invalid syntax`);
    throw new ParseError(`${cause.field}: ${cause.message}`);
  }
  return revision;
}

/** Negative when `left` is older, zero when both are the same, positive when `left` is newer. */
export const compareResourceVersions = (left: string, right: string): number =>
  parseResourceVersion(left) - parseResourceVersion(right);
