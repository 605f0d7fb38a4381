import { GitFormatError } from '../errors.ts';
import { isObjectId } from './object.ts';
import type { ObjectId, ObjectType } from './object.ts';

/** Who and when. */
export interface Signature {
  readonly name: string;
  readonly email: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** `+0000`, `-0530`. */
  readonly zone: string;
}

export interface Commit {
  readonly tree: ObjectId;
  readonly parents: readonly ObjectId[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

export interface Tag {
  readonly object: ObjectId;
  readonly type: ObjectType;
  readonly tag: string;
  readonly tagger: Signature | undefined;
  readonly message: string;
}

export function signature(name: string, email: string, when: Date): Signature {
  return { name, email, timestamp: Math.floor(when.getTime() / 1000), zone: '+0000' };
}

/** Names and addresses lose the characters that git's format cannot hold (`<`, `>`, newlines, NUL). */
export function encodeCommit(commit: Commit): Buffer {
  const head = [`tree ${commit.tree}`, ...commit.parents.map((parent) => `parent ${parent}`), `author ${encodeSignature(commit.author)}`, `committer ${encodeSignature(commit.committer)}`];
  return Buffer.from(`${head.join('\n')}\n\n${commit.message.replaceAll('\0', '')}`, 'utf8');
}

/** Throws a {@link GitFormatError} for a commit without a tree or a committer. Other headers (`gpgsig`, `encoding`) are passed over. */
export function decodeCommit(data: Buffer): Commit {
  const { headers, message } = splitHeaders(data);
  const tree = headers.find(([key]) => key === 'tree')?.[1];
  const parents = headers.filter(([key]) => key === 'parent').map(([, value]) => value);
  const author = headers.find(([key]) => key === 'author')?.[1];
  const committer = headers.find(([key]) => key === 'committer')?.[1] ?? author;
  if (!tree || !isObjectId(tree) || !parents.every(isObjectId)) throw new GitFormatError('commit has no valid tree or parent line');
  if (committer === undefined) throw new GitFormatError('commit has no committer line');
  return { tree, parents, author: decodeSignature(author ?? committer), committer: decodeSignature(committer), message };
}

export function encodeTag(tag: Tag): Buffer {
  const head = [`object ${tag.object}`, `type ${tag.type}`, `tag ${tag.tag}`, ...(tag.tagger ? [`tagger ${encodeSignature(tag.tagger)}`] : [])];
  return Buffer.from(`${head.join('\n')}\n\n${tag.message}`, 'utf8');
}

/** Throws a {@link GitFormatError} for a tag that names no object. */
export function decodeTag(data: Buffer): Tag {
  const { headers, message } = splitHeaders(data);
  const value = (key: string): string | undefined => headers.find(([name]) => name === key)?.[1];
  const object = value('object');
  const type = value('type');
  if (!object || !isObjectId(object) || !type || !['commit', 'tree', 'blob', 'tag'].includes(type)) throw new GitFormatError('tag names no object');
  const tagger = value('tagger');
  return { object, type: type as ObjectType, tag: value('tag') ?? '', tagger: tagger === undefined ? undefined : decodeSignature(tagger), message };
}

/** The header lines up to the first empty one; lines that start with a space go on with the one before. */
function splitHeaders(data: Buffer): { readonly headers: readonly (readonly [string, string])[]; readonly message: string } {
  const end = data.indexOf('\n\n');
  const head = data.toString('utf8', 0, end < 0 ? data.length : end);
  const headers = head
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(' '))
    .map((line) => {
      const space = line.indexOf(' ');
      return space < 0 ? ([line, ''] as const) : ([line.slice(0, space), line.slice(space + 1)] as const);
    });
  return { headers, message: end < 0 ? '' : data.toString('utf8', end + 2) };
}

function encodeSignature(who: Signature): string {
  const clean = (text: string): string => text.replaceAll(/[<>\p{Cc}]/gu, '').trim();
  return `${clean(who.name)} <${clean(who.email)}> ${who.timestamp} ${who.zone}`;
}

function decodeSignature(text: string): Signature {
  const match = /^(.*?) ?<([^>]*)>(?: (-?\d+)(?: ([+-]\d{4}))?)?/.exec(text);
  return match
    ? { name: match[1]!, email: match[2]!, timestamp: Number(match[3] ?? 0), zone: match[4] ?? '+0000' }
    : { name: text, email: '', timestamp: 0, zone: '+0000' };
}
