import { expect } from 'vitest';

/**
 * Compares what was printed with what a document says. `...` stands for anything in a line, or for any lines when it is
 * alone. Widths of columns do not count, nor do values that are others on every run: durations, ages, hashes, process ids,
 * loopback addresses, times.
 */
export function expectOutput(printed: string, documented: string, where: string, options: { readonly anyOrder?: boolean } = {}): void {
  const actual = linesOf(printed);
  const expected = linesOf(documented);
  const fits = options.anyOrder
    ? actual.length === expected.length && expected.every((line) => actual.some((found) => fitsLine(found, line)))
    : fitsLines(actual, expected);
  // The comparison of the whole texts is for the person who reads the failure.
  if (!fits) expect(printed, where).toBe(documented);
}

function fitsLines(actual: readonly string[], expected: readonly string[]): boolean {
  const [line, ...rest] = expected;
  if (line === undefined) return actual.length === 0;
  if (line === '...') return actual.some((_, index) => fitsLines(actual.slice(index), rest)) || rest.length === 0;
  return actual.length > 0 && fitsLine(actual[0]!, line) && fitsLines(actual.slice(1), rest);
}

function fitsLine(actual: string, expected: string): boolean {
  const pattern = expected.split('...').map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)).join('.*');
  return new RegExp(`^${pattern}$`).test(actual);
}

const linesOf = (text: string): readonly string[] =>
  withoutChangingValues(text)
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter(Boolean);

const changing: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'],
  [/\b(?:\d+d)?(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?\s?m?s\b|\b\d+[dhm](?:\d+[hm])?\b/g, 'AGE'],
  [/\b127\.\d+\.\d+\.\d+\b/g, 'ADDRESS'],
  [/\b[0-9a-f]{40}\b|\b(?=[a-f]*\d)[0-9a-f]{7,10}\b/g, 'HASH'],
  [/\bpid \d+/g, 'pid N'],
  [/\bpvc-[0-9a-f-]{36}/g, 'pvc-UID'],
  [/\b(kratix-[a-z0-9-]+)-[a-z0-9]{5}-[a-z0-9]{5}\b/g, '$1-HASH'],
  [/\b(postgres-operator)-[a-z0-9]{8,10}-[a-z0-9]{5}\b/g, '$1-HASH'],
];

function withoutChangingValues(text: string): string {
  return changing.reduce((result, [pattern, replacement]) => result.replaceAll(pattern, replacement), text);
}
