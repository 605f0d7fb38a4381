import { GitFormatError } from '../errors.ts';
import type { ObjectId } from './object.ts';

/** Modes that git writes. `40000` is a folder, `160000` a commit of another repository. */
export type TreeMode = '100644' | '100755' | '120000' | '40000' | '160000';

export interface TreeEntry {
  readonly mode: TreeMode;
  readonly name: string;
  readonly id: ObjectId;
}

const modes: ReadonlySet<string> = new Set(['100644', '100755', '120000', '40000', '160000']);

/** The bytes of a tree; entries in any order. Throws for names that git refuses (empty, `.`, `..`, `.git`, `/`, NUL) and for doubles. */
export function encodeTree(entries: readonly TreeEntry[]): Buffer {
  const sorted = entries.map((entry) => ({ entry, key: sortKey(entry) })).toSorted((a, b) => Buffer.compare(a.key, b.key));
  const seen = new Set<string>();
  for (const { entry } of sorted) {
    checkEntryName(entry.name);
    if (seen.has(entry.name)) throw new GitFormatError(`tree has two entries named ${JSON.stringify(entry.name)}`);
    seen.add(entry.name);
  }
  return Buffer.concat(sorted.map(({ entry }) => encodeTreeEntry(entry)));
}

export function encodeTreeEntry(entry: TreeEntry): Buffer {
  return Buffer.concat([Buffer.from(`${entry.mode} ${entry.name}\0`, 'utf8'), Buffer.from(entry.id, 'hex')]);
}

/** The entries of a tree in its own order. Throws a {@link GitFormatError} when the bytes end early or a mode is unknown. */
export function decodeTree(data: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < data.length; ) {
    const entry = treeEntryAt(data, at);
    entries.push({ mode: entry.mode, name: data.toString('utf8', entry.nameStart, entry.nameEnd), id: data.toString('hex', entry.nameEnd + 1, entry.end) });
    at = entry.end;
  }
  return entries;
}

/** Where the parts of the entry that starts at `at` lie. */
export function treeEntryAt(data: Buffer, at: number): { readonly mode: TreeMode; readonly nameStart: number; readonly nameEnd: number; readonly end: number } {
  const space = data.indexOf(0x20, at);
  const nul = space < 0 ? -1 : data.indexOf(0, space + 1);
  if (space < 0 || nul < 0 || space - at > 7 || nul === space + 1 || nul + 21 > data.length) throw new GitFormatError(`tree is damaged at byte ${at} of ${data.length}`);
  return { mode: treeMode(data, at, space), nameStart: space + 1, nameEnd: nul, end: nul + 21 };
}

/** Old writers pad with a zero or set group bits; both mean the plain mode. */
function treeMode(data: Buffer, start: number, end: number): TreeMode {
  if (end - start === 5 && data[start] === 0x34) return '40000';
  const text = data.toString('latin1', start, end);
  if (modes.has(text)) return text as TreeMode;
  if (text === '040000') return '40000';
  if (/^100[0-7]{3}$/.test(text)) return (Number.parseInt(text, 8) & 0o100) === 0 ? '100644' : '100755';
  throw new GitFormatError(`tree has an entry of mode ${JSON.stringify(text)}`);
}

/** Throws for a name that no tree may hold. */
export function checkEntryName(name: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0') || name.toLowerCase() === '.git') {
    throw new GitFormatError(`tree entry may not be named ${JSON.stringify(name)}`);
  }
}

/** Git orders entries bytewise, folders as if their name ended in `/`. */
function sortKey(entry: TreeEntry): Buffer {
  return Buffer.from(entry.mode === '40000' ? `${entry.name}/` : entry.name, 'utf8');
}
