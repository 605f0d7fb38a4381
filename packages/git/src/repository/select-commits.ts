import type { Commit } from '../objects/commit.ts';
import type { ObjectId } from '../objects/object.ts';
import { CommitQueue } from './history.ts';
import type { ObjectDatabase } from './object-database.ts';

/** How much history a reader wants, and has. */
export interface ShallowRequest {
  /** Commits whose parents the reader does not have. */
  readonly clientShallow: ReadonlySet<ObjectId>;
  /** This many commits from each tip (or from the reader's present edge, when `relative`). */
  readonly depth?: number | undefined;
  readonly relative?: boolean;
  /** Commits no older than this, in seconds since 1970. */
  readonly since?: number | undefined;
  /** No commit that these reach. */
  readonly not?: readonly ObjectId[];
}

export interface CommitSelection {
  /** To send, newest first. */
  readonly commits: ReadonlyMap<ObjectId, Commit>;
  /** Commits that the reader has, as far as was looked. */
  readonly held: ReadonlySet<ObjectId>;
  /** Commits that are sent (or held) without their parents from now on. */
  readonly shallow: readonly ObjectId[];
  /** Commits that were, and no longer are. */
  readonly unshallow: readonly ObjectId[];
}

const yieldEvery = 2000;

/**
 * Which commits a reader lacks: those that `wants` reach and `haves` do not, cut off where the reader wants no more history.
 * Where clocks went backwards it may choose a few that the reader has; never too few.
 */
export async function selectCommits(objects: ObjectDatabase, wants: readonly ObjectId[], haves: readonly ObjectId[], request: ShallowRequest, giveWay: () => Promise<void>): Promise<CommitSelection> {
  const deepening = request.depth !== undefined || request.since !== undefined || (request.not?.length ?? 0) > 0;
  if (!deepening) return { ...(await paint(objects, wants, haves, request.clientShallow, giveWay)), shallow: [], unshallow: [] };
  const { reached, boundary } = await withinReach(objects, wants, request, giveWay);
  const held = await ancestors(objects, haves, request.clientShallow, giveWay);
  return {
    commits: new Map([...reached].filter(([id]) => !held.has(id))),
    held,
    shallow: [...boundary].filter((id) => !request.clientShallow.has(id)),
    unshallow: [...request.clientShallow].filter((id) => reached.has(id) && !boundary.has(id)),
  };
}

/** Walks from both sides by time, newest first, until only commits that the reader has are left to look at. */
async function paint(objects: ObjectDatabase, wants: readonly ObjectId[], haves: readonly ObjectId[], clientShallow: ReadonlySet<ObjectId>, giveWay: () => Promise<void>): Promise<{ readonly commits: Map<ObjectId, Commit>; readonly held: Set<ObjectId> }> {
  const commits = new Map<ObjectId, Commit>();
  const held = new Set<ObjectId>();
  const wanted = new Set<ObjectId>();
  const queued = new Set<ObjectId>();
  const queue = new CommitQueue();
  let open = 0;
  const see = (id: ObjectId, isHeld: boolean): void => {
    if (held.has(id) || (!isHeld && wanted.has(id))) return;
    if (isHeld && !objects.has(id)) return;
    if (isHeld && queued.has(id)) open--;
    (isHeld ? held : wanted).add(id);
    if (queued.has(id)) return;
    const commit = objects.readCommit(id);
    queued.add(id);
    queue.push(id, commit);
    if (!isHeld) open++;
  };
  for (const have of haves) see(have, true);
  for (const want of wants) see(want, false);
  for (let count = 0; open > 0; count++) {
    const next = queue.pop()!;
    if (count % yieldEvery === yieldEvery - 1) await giveWay();
    queued.delete(next.id);
    const isHeld = held.has(next.id);
    if (isHeld) commits.delete(next.id);
    else {
      open--;
      commits.set(next.id, next.commit);
    }
    // A commit that the reader calls shallow has no parents, on either side.
    if (!clientShallow.has(next.id)) for (const parent of next.commit.parents) see(parent, isHeld);
  }
  for (const id of held) commits.delete(id);
  return { commits, held };
}

/** The commits within the wanted depth, and those among them that some parent is cut off from. */
async function withinReach(objects: ObjectDatabase, wants: readonly ObjectId[], request: ShallowRequest, giveWay: () => Promise<void>): Promise<{ readonly reached: Map<ObjectId, Commit>; readonly boundary: Set<ObjectId> }> {
  const excluded = request.not?.length ? await ancestors(objects, request.not, new Set(), giveWay) : undefined;
  const refused = (id: ObjectId): boolean => {
    if (excluded?.has(id) || !objects.has(id)) return true;
    return request.since !== undefined && objects.readCommit(id).committer.timestamp < request.since;
  };
  const depth = request.depth ?? Number.POSITIVE_INFINITY;
  /** How many levels each commit may still show, itself included. */
  const left = new Map<ObjectId, number>();
  const reached = new Map<ObjectId, Commit>();
  const queue: (readonly [ObjectId, number])[] = wants.map((want) => [want, request.relative ? Number.POSITIVE_INFINITY : depth]);
  for (let at = 0; at < queue.length; at++) {
    const [id, offered] = queue[at]!;
    const levels = request.relative && request.clientShallow.has(id) ? depth + 1 : offered;
    if ((left.get(id) ?? 0) >= levels) continue;
    left.set(id, levels);
    const commit = objects.readCommit(id);
    reached.set(id, commit);
    if (at % yieldEvery === yieldEvery - 1) await giveWay();
    if (levels > 1) for (const parent of commit.parents) if (!refused(parent)) queue.push([parent, levels - 1]);
  }
  const boundary = new Set<ObjectId>();
  for (const [id, commit] of reached) if (commit.parents.some((parent) => !reached.has(parent))) boundary.add(id);
  return { reached, boundary };
}

async function ancestors(objects: ObjectDatabase, starts: readonly ObjectId[], cut: ReadonlySet<ObjectId>, giveWay: () => Promise<void>): Promise<Set<ObjectId>> {
  const seen = new Set<ObjectId>(starts.filter((id) => objects.has(id)));
  let count = 0;
  for (const id of seen) {
    if (++count % yieldEvery === 0) await giveWay();
    if (cut.has(id)) continue;
    for (const parent of objects.readCommit(id).parents) if (objects.has(parent)) seen.add(parent);
  }
  return seen;
}
