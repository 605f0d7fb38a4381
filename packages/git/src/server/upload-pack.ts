import { setImmediate as immediate } from 'node:timers/promises';
import { GitFormatError } from '../errors.ts';
import { isObjectId } from '../objects/object.ts';
import type { ObjectId } from '../objects/object.ts';
import { packChunks } from '../pack/pack-writer.ts';
import { packet, sideBand } from '../protocol/pkt-line.ts';
import { CommitQueue } from '../repository/history.ts';
import { packInputs } from '../repository/pack-source.ts';
import type { Repository } from '../repository/repository.ts';
import { selectCommits } from '../repository/select-commits.ts';
import type { CommitSelection, ShallowRequest } from '../repository/select-commits.ts';
import { selectObjects } from '../repository/select-objects.ts';
import type { ObjectFilter } from '../repository/select-objects.ts';

/** What a client asks for, whichever version of the protocol it speaks. */
export interface FetchRequest {
  readonly wants: readonly ObjectId[];
  readonly haves: readonly ObjectId[];
  readonly shallow: ShallowRequest;
  readonly deepening: boolean;
  readonly filter: ObjectFilter;
  readonly includeTag: boolean;
  readonly done: boolean;
}

/** A request that the client got wrong, told to it as `ERR`. */
export class FetchRequestError extends Error {}

/** Collects the lines that versions 0 and 2 have in common. */
export class FetchRequestBuilder {
  readonly wants: ObjectId[] = [];
  readonly haves: ObjectId[] = [];
  readonly #clientShallow = new Set<ObjectId>();
  readonly #not: string[] = [];
  readonly #repository: Repository;
  #depth: number | undefined;
  #since: number | undefined;
  #relative = false;
  #includeTag = false;
  #filter: ObjectFilter = { type: 'none' };
  done = false;

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  /** Takes one argument line; false if it is none that is known here. */
  take(line: string): boolean {
    const space = line.indexOf(' ');
    const word = space < 0 ? line : line.slice(0, space);
    const value = space < 0 ? '' : line.slice(space + 1);
    switch (word) {
      case 'want':
        this.wants.push(this.#existing(value));
        return true;
      case 'have':
        this.haves.push(id(value));
        return true;
      case 'done':
        this.done = true;
        return true;
      case 'shallow':
        this.#clientShallow.add(id(value));
        return true;
      case 'deepen': {
        const depth = Number(value);
        if (!Number.isInteger(depth) || depth < 0) throw new FetchRequestError(`invalid depth ${JSON.stringify(value)}`);
        // 0 says: no limit asked for.
        this.#depth = depth === 0 ? undefined : depth;
        return true;
      }
      case 'deepen-since':
        this.#since = Number(value);
        return true;
      case 'deepen-not':
        this.#not.push(value);
        return true;
      case 'deepen-relative':
        this.#relative = true;
        return true;
      case 'include-tag':
        this.#includeTag = true;
        return true;
      case 'filter':
        this.#filter = parseFilter(value);
        return true;
      default:
        return false;
    }
  }

  build(): FetchRequest {
    const { refs } = this.#repository;
    const not = this.#not.map((name) => {
      const at = refs.read(name) ?? refs.read(`refs/heads/${name}`) ?? refs.read(`refs/tags/${name}`);
      if (!at) throw new FetchRequestError(`deepen-not: no ref ${JSON.stringify(name)}`);
      return this.#repository.peel(at);
    });
    return {
      wants: [...new Set(this.wants)],
      haves: this.haves,
      shallow: { clientShallow: new Set([...this.#clientShallow].filter((shallow) => this.#repository.objects.has(shallow))), depth: this.#depth, relative: this.#relative, since: this.#since, not },
      deepening: this.#depth !== undefined || this.#since !== undefined || not.length > 0,
      filter: this.#filter,
      includeTag: this.#includeTag,
      done: this.done,
    };
  }

  #existing(value: string): ObjectId {
    const wanted = id(value.slice(0, 40));
    if (!this.#repository.objects.has(wanted)) throw new FetchRequestError(`upload-pack: not our ref ${wanted}`);
    return wanted;
  }
}

/** What will be sent. */
export interface FetchPlan {
  readonly selection: CommitSelection;
  readonly ids: readonly ObjectId[];
}

export async function planFetch(repository: Repository, request: FetchRequest, signal: AbortSignal): Promise<FetchPlan> {
  const { selection, others, haves, giveWay } = await planCommits(repository, request, signal);
  const tags = request.includeTag ? tagsOf(repository, selection) : [];
  const ids = await selectObjects(repository.objects, selection, haves, [...others, ...tags], request.filter, giveWay);
  return { selection, ids };
}

/** The first half of {@link planFetch}: enough for the lines about shallow commits. `others`: wanted tags, trees and blobs. */
export async function planCommits(
  repository: Repository,
  request: FetchRequest,
  signal: AbortSignal,
): Promise<{ readonly selection: CommitSelection; readonly others: readonly ObjectId[]; readonly haves: readonly ObjectId[]; readonly giveWay: () => Promise<void> }> {
  const { objects } = repository;
  const giveWay = async (): Promise<void> => {
    await immediate();
    signal.throwIfAborted();
  };
  const isCommit = (id: ObjectId): boolean => objects.read(id)?.type === 'commit';
  const peeled = request.wants.map((want) => ({ want, at: repository.peel(want) }));
  const commits = peeled.filter(({ at }) => isCommit(at)).map(({ at }) => at);
  const others = peeled.filter(({ want, at }) => want !== at || !isCommit(at)).map(({ want }) => want);
  const haves = request.haves.filter((have) => objects.has(have)).map((have) => repository.peel(have)).filter(isCommit);
  return { selection: await selectCommits(objects, commits, haves, request.shallow, giveWay), others, haves, giveWay };
}

/** The pack, in packets of side band 1, with a word of progress; raw for clients that know no side band. */
export async function* sendPack(repository: Repository, plan: FetchPlan, options: { readonly sideBand: boolean; readonly progress: boolean }): AsyncGenerator<Buffer> {
  if (options.sideBand && options.progress) yield* sideBand(2, Buffer.from(`Sending ${plan.ids.length} objects, done.\n`));
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (const chunk of packChunks(plan.ids.length, packInputs(repository.objects, plan.ids))) {
    waiting.push(chunk);
    bytes += chunk.length;
    if (bytes < 60_000) continue;
    yield* framed(Buffer.concat(waiting), options.sideBand);
    waiting = [];
    bytes = 0;
    await immediate();
  }
  yield* framed(Buffer.concat(waiting), options.sideBand);
}

/** Whether every want has an ancestor among what both sides have, so that more `have` lines would not help. */
export function isReady(repository: Repository, wants: readonly ObjectId[], common: ReadonlySet<ObjectId>): boolean {
  if (common.size === 0) return false;
  return wants.every((want) => {
    const start = repository.peel(want);
    if (repository.objects.read(start)?.type !== 'commit') return true;
    const queue = new CommitQueue();
    const seen = new Set([start]);
    queue.push(start, repository.objects.readCommit(start));
    for (let next = queue.pop(), count = 0; next && count < 5000; next = queue.pop(), count++) {
      if (common.has(next.id)) return true;
      for (const parent of next.commit.parents) {
        if (seen.has(parent) || !repository.objects.has(parent)) continue;
        seen.add(parent);
        queue.push(parent, repository.objects.readCommit(parent));
      }
    }
    return false;
  });
}

function* framed(data: Buffer, inSideBand: boolean): Generator<Buffer> {
  if (data.length === 0) return;
  if (inSideBand) yield* sideBand(1, data);
  else yield data;
}

/** Annotated tags of commits that are being sent. */
function tagsOf(repository: Repository, selection: CommitSelection): ObjectId[] {
  return [...repository.refs.list(['refs/tags/']).values()].filter((tag) => repository.objects.read(tag)?.type === 'tag' && selection.commits.has(repository.peel(tag)));
}

function parseFilter(spec: string): ObjectFilter {
  if (spec === 'blob:none') return { type: 'blob-limit', bytes: 0 };
  const limit = /^blob:limit=(\d+)([kmg]?)$/i.exec(spec);
  if (limit) return { type: 'blob-limit', bytes: Number(limit[1]) * { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[limit[2]!.toLowerCase() as '' | 'k' | 'm' | 'g'] };
  const depth = /^tree:(\d+)$/.exec(spec);
  if (depth) return { type: 'tree-depth', depth: Number(depth[1]) };
  throw new FetchRequestError(`filter ${JSON.stringify(spec)} is not supported: blob:none, blob:limit=<n> and tree:<depth> are`);
}

function id(text: string): ObjectId {
  if (!isObjectId(text)) throw new FetchRequestError(`expected an object id, found ${JSON.stringify(text.slice(0, 60))}`);
  return text;
}

/** An error in the form that clients of all versions print. */
export function errorPacket(error: unknown): Buffer {
  const message = error instanceof FetchRequestError || error instanceof GitFormatError ? error.message : 'internal error';
  return packet(`ERR ${message}\n`);
}
