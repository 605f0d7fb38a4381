import { StateStoreError } from './errors.ts';

/** Longest path in bytes, and deepest, that a store takes. */
const maxPathBytes = 1024;
const maxDepth = 64;

/**
 * Joins parts to one path relative to the store: empty parts, `.` and repeated slashes vanish, a leading `/` means the
 * root. Throws a StateStoreError (`invalid`) where a part holds `..`, a NUL, a backslash or a `.git` segment, or where
 * the whole is too long or too deep: what leaves its folder is refused, never clamped.
 */
export function joinPath(...parts: readonly string[]): string {
  const segments = parts.flatMap((part) => part.split('/')).filter((segment) => segment !== '' && segment !== '.');
  const path = segments.join('/');
  const problem = problemOf(segments, path);
  if (problem) throw new StateStoreError('invalid', `path ${JSON.stringify(parts.join('/').slice(0, 200))} ${problem}`);
  return path;
}

/** Checks one file's path as it comes from outside and returns it normalised; a file needs a name. */
export function checkPath(path: string): string {
  if (path.startsWith('/')) throw new StateStoreError('invalid', `path ${JSON.stringify(path.slice(0, 200))} is absolute: paths are relative to the store`);
  const clean = joinPath(path);
  if (clean === '' || path.endsWith('/')) throw new StateStoreError('invalid', `path ${JSON.stringify(path.slice(0, 200))} names no file`);
  return clean;
}

function problemOf(segments: readonly string[], path: string): string | undefined {
  if (segments.includes('..')) return 'leaves its folder: ".." is not allowed';
  // Names that git refuses in a tree, on any file system a reader may have.
  if (segments.some((segment) => /^(?:\.git|git~1)$/i.test(segment.replace(/[ .]+$/, '')))) return 'holds a ".git" segment';
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(path)) return 'holds a control character or a backslash';
  if (!path.isWellFormed()) return 'is not valid Unicode';
  if (segments.length > maxDepth) return `is ${segments.length} folders deep, at most ${maxDepth} are allowed`;
  const bytes = new TextEncoder().encode(path).length;
  if (bytes > maxPathBytes) return `is ${bytes} bytes long, at most ${maxPathBytes} are allowed`;
  return undefined;
}
