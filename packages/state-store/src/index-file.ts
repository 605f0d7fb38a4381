import { joinPath } from './path.ts';

/** Largest index that is read; about 100,000 paths. */
const maxIndexBytes = 8 * 1024 * 1024;

/** The index of a placement in mode `none`: which files are its own. Plain YAML, one path a line, sorted. */
export function encodeIndex(paths: readonly string[]): Uint8Array {
  const sorted = paths.toSorted();
  return new TextEncoder().encode(sorted.length === 0 ? 'files: []\n' : `files:\n${sorted.map((path) => `- ${quote(path)}\n`).join('')}`);
}

/**
 * The paths of an index. Reads what {@link encodeIndex} and Kratix write (a `files:` list of plain or quoted scalars), and
 * leaves out anything else, so that a damaged index can never name a path outside the store.
 */
export function decodeIndex(bytes: Uint8Array): readonly string[] {
  if (bytes.length > maxIndexBytes) return [];
  return new TextDecoder()
    .decode(bytes)
    .split('\n')
    .map((line) => /^\s*-\s+(.*?)\s*$/.exec(line)?.[1])
    .filter((text) => text !== undefined)
    .flatMap((text) => {
      try {
        const path = joinPath(unquote(text));
        return path === '' ? [] : [path];
      } catch {
        return [];
      }
    });
}

function quote(path: string): string {
  const plain = /^[A-Za-z0-9._][A-Za-z0-9._/-]*$/.test(path) && !/^(?:true|false|null|yes|no|on|off|y|n|[\d.][\d._a-fA-Fox-]*)$/i.test(path);
  return plain ? path : JSON.stringify(path);
}

function unquote(text: string): string {
  if (text.startsWith('"')) return JSON.parse(text) as string;
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  return text;
}
