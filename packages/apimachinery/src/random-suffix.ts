/**
 * The tail that makes a `generateName` unique: no vowels and no look-alikes, so that no word comes out.
 * `random` returns numbers in [0, 1) like `Math.random`.
 */
export function randomSuffix(random: () => number, length = SUFFIX_LENGTH): string {
  let suffix = '';
  for (let index = 0; index < length; index += 1) suffix += ALPHABET[Math.floor(random() * ALPHABET.length)];
  return suffix;
}

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const MAX_NAME_LENGTH = 63;

/** `metadata.generateName` to a name: the prefix, cut so that the whole has at most 63 characters, and five random ones. */
export function generateName(prefix: string, random: () => number): string {
  return prefix.slice(0, MAX_NAME_LENGTH - SUFFIX_LENGTH) + randomSuffix(random);
}
