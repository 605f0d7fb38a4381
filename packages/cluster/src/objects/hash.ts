import { createHash } from 'node:crypto';

/**
 * Ten characters that stand for a JSON value whatever the order of its members, fit for names and label values
 * (`pod-template-hash`, `controller-revision-hash`): Kubernetes' alphabet without vowels and look-alikes.
 */
export function hashOf(value: unknown): string {
  const digest = createHash('sha256').update(canonical(value)).digest();
  let hash = '';
  for (let index = 0; index < LENGTH; index += 1) hash += ALPHABET[digest[index]! % ALPHABET.length];
  return hash;
}

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const LENGTH = 10;

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined && member !== null);
    members.sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
