import { createHash } from 'node:crypto';
import { StateStoreError } from '../errors.ts';
import { checkPath, joinPath } from '../path.ts';
import { WriteQueue } from '../write-queue.ts';
import type { Waiting } from '../write-queue.ts';
import type { StateStoreChange, StateStoreWriter, WriteOptions, WriteOutcome } from '../writer.ts';
import { BucketClient } from './bucket-client.ts';
import { BucketDraft } from './bucket-draft.ts';
import type { DraftEntry } from './bucket-draft.ts';
import { ContentOrder, type Expectation } from './content-order.ts';
import { BucketSnapshot } from './bucket-snapshot.ts';
import { explain } from './explain.ts';
import type { BucketStateStoreOptions } from './options.ts';

export type { BucketStateStoreOptions } from './options.ts';

/** Objects whose state is remembered, to notice that somebody else changed them. */
const maxKnown = 200_000;

/**
 * A bucket of an S3-compatible server as a state store. See {@link StateStoreWriter} for what holds.
 *
 * Changes that come together are one batch: what they touch is asked for at the same time, what differs (by ETag) is uploaded, and then
 * what is left over is deleted. A bucket has no commits: a batch that breaks off in between leaves some of its objects written, and
 * writing it again makes them whole. An index of mode `none` names files before they are there and until they are gone, so
 * nothing is left that nobody knows.
 */
export class BucketStateStore implements StateStoreWriter {
  readonly kind = 'bucket';
  readonly #options: BucketStateStoreOptions;
  readonly #root: string;
  readonly #client: BucketClient;
  readonly #queue: WriteQueue;
  /** What the objects are, as far as this writer knows. An ETag is not always an MD5. */
  readonly #known = new Map<string, { readonly etag: string; readonly md5: string }>();

  readonly #order: ContentOrder;
  /** How many objects the store had when all were listed. */
  #objects = 0;

  private constructor(options: BucketStateStoreOptions) {
    this.#options = options;
    this.#root = joinPath(options.path ?? '');
    this.#order = new ContentOrder(this.#prefix);
    this.#client = new BucketClient(options);
    this.#queue = new WriteQueue({ maxBatch: 500, writeBatch: (batch) => this.#writeBatch(batch) });
  }

  /** Does no I/O: {@link probe} tells whether the bucket is there. Throws a StateStoreError for options that cannot be. */
  static open(options: BucketStateStoreOptions): BucketStateStore {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$/.test(options.bucket)) throw new StateStoreError('invalid', `${JSON.stringify(options.bucket.slice(0, 300))} cannot be the name of a bucket`);
    if (!/^(?:https?:\/\/)?[A-Za-z0-9.-]+(?::\d+)?\/?$|^(?:https?:\/\/)?\[[0-9a-fA-F:.]+\](?::\d+)?\/?$/.test(options.endpoint)) {
      throw new StateStoreError('invalid', `the endpoint ${JSON.stringify(options.endpoint.slice(0, 300))} is not of the form host or host:port`);
    }
    return new BucketStateStore(options);
  }

  async write(change: StateStoreChange, options: WriteOptions = {}): Promise<WriteOutcome> {
    return this.#queue.write(change, options);
  }

  async writeAll(changes: readonly StateStoreChange[], options: WriteOptions = {}): Promise<readonly WriteOutcome[]> {
    return Promise.all(changes.map((change) => this.write(change, options)));
  }

  contains(revision: string, heldAt: string): boolean | undefined {
    return this.#order.contains(revision, heldAt);
  }

  async identify(revisions: readonly string[], prefix: string, options: WriteOptions = {}): Promise<boolean> {
    await this.#queue.inTurn(async () => {
      this.#order.follow(prefix);
      // What was being written when it was asked for may stand by now.
      if (!revisions.every((revision) => this.#order.knows(revision))) await this.#look(this.#signal(options));
    });
    return revisions.some((revision) => this.#order.knows(revision));
  }

  async read(path: string, options: WriteOptions = {}): Promise<Uint8Array | undefined> {
    return this.#client.get(joinPath(this.#root, checkPath(path)), this.#signal(options));
  }

  async list(directory: string, options: WriteOptions = {}): Promise<readonly string[]> {
    const full = joinPath(this.#root, directory);
    const cut = this.#root === '' ? 0 : this.#root.length + 1;
    const found = [...(await this.#client.list(full === '' ? '' : `${full}/`, this.#signal(options))).keys()].map((key) => key.slice(cut));
    return found.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  async probe(options: WriteOptions = {}): Promise<void> {
    const signal = this.#signal(options);
    await this.#client.probe(joinPath(this.#root, '.kratix-write-permission-check'), signal);
    await this.#queue.inTurn(() => this.#look(signal));
  }

  /** Changes that wait fail as `aborted`; uploads that are under way are broken off. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue[Symbol.asyncDispose]();
    this.#client[Symbol.dispose]();
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const signal = this.#queue.closing;
    const snapshot = new BucketSnapshot(this.#client, (key, etag, md5) => this.#isSame(key, etag, md5), signal);
    const draft = new BucketDraft(snapshot, this.#root);
    // Somebody may ask for the very same change twice.
    const waitingOf = Map.groupBy(batch, ({ change }) => change);
    const fail = (change: StateStoreChange, error: unknown): void => {
      const failure = signal.aborted ? new StateStoreError('aborted', 'the state store was closed', { cause: error }) : explain('cannot write', error);
      for (const waiting of waitingOf.get(change) ?? []) waiting.settle({ outcome: 'failed', error: new StateStoreError(failure.reason, `cannot write ${change.name}: ${failure.message}`, { cause: failure, ...(failure.hint ? { hint: failure.hint } : {}) }) });
      waitingOf.delete(change);
    };
    // Whatever this finds wrong, it is told in the order of the changes, below.
    if (askedBy(batch) > 2 + this.#objects / keysPerPage) await this.#listAll((prefix) => snapshot.list(prefix)).catch(() => {});
    await Promise.allSettled(batch.map(({ change }) => draft.prepare(change)));
    for (const { change } of batch) {
      try {
        await draft.apply(change);
      } catch (error) {
        fail(change, error);
      }
    }

    const versions = new Map<string, string>();
    /** ETags that the batch leaves behind. */
    const left = new Map<string, string | undefined>();
    let isSure = true;
    const carryOut = async (entries: readonly (readonly [string, DraftEntry])[], act: (key: string, entry: DraftEntry) => Promise<void>): Promise<void> => {
      const each = async ([key, entry]: readonly [string, DraftEntry]): Promise<void> => {
        if (![...entry.changes].some((change) => waitingOf.has(change))) return;
        try {
          await act(key, entry);
        } catch (error) {
          this.#known.delete(key);
          isSure = false;
          for (const change of entry.changes) fail(change, error);
        }
      };
      await Promise.all(entries.map(each));
    };
    const put = async (key: string, { content, md5 }: DraftEntry): Promise<void> => {
      const uploaded = await this.#client.put(key, content!, signal);
      this.#remember(key, uploaded.etag, md5!);
      versions.set(key, uploaded.versionId ?? uploaded.etag);
      left.set(key, uploaded.etag);
    };
    const remove = async (key: string): Promise<void> => {
      await this.#client.delete(key, signal);
      this.#known.delete(key);
      left.set(key, undefined);
    };
    const entries = [...draft.entries];
    const indexes = entries.filter(([, entry]) => entry.isIndex);
    const files = entries.filter(([, entry]) => !entry.isIndex);
    await carryOut(indexes, async (key) => {
      const wider = await draft.widerIndex(key);
      if (wider) left.set(key, (await this.#client.put(key, wider, signal)).etag);
    });
    await carryOut(files.filter(([, { content }]) => content), put);
    await carryOut(files.filter(([, { content }]) => !content), remove);
    await carryOut(indexes, (key, entry) => (entry.content ? put(key, entry) : remove(key)));

    this.#order.advance(left, [...waitingOf.keys()].map((change) => this.#expectation(change, left)), isSure);
    const heldAt = this.#order.point;
    const touches = entries.flatMap(([key, { changes }]) => [...changes].map((change) => ({ key, change })));
    const touchedBy = Map.groupBy(touches, ({ change }) => change);
    for (const [change, all] of waitingOf) {
      const touched = touchedBy.get(change);
      const outcome: WriteOutcome =
        touched
          ? { outcome: 'written', versionId: chain(touched.flatMap(({ key }) => versions.get(key) ?? [])), heldAt }
          : { outcome: 'unchanged', versionId: chain(filesOf(this.#root, change).flatMap((key) => this.#known.get(key)?.etag ?? [])), heldAt };
      for (const waiting of all) waiting.settle(outcome);
    }
  }

  /** Lists the bucket. In turn: nothing is being written meanwhile. */
  async #look(signal: AbortSignal): Promise<void> {
    const there = await this.#client.list(this.#order.base, signal);
    this.#objects = there.size;
    const isForeign = [...this.#known].some(([key, { etag }]) => there.get(key) !== etag);
    this.#order.observe(there, isForeign);
    if (!isForeign) return;
    this.#known.clear();
    this.#options.onForeignChange?.();
  }

  get #prefix(): string {
    return this.#root === '' ? '' : `${this.#root}/`;
  }

  /** What the bucket holds because of a change that is carried out, and because of those that came after it in the batch. */
  #expectation(change: StateStoreChange, left: ReadonlyMap<string, string | undefined>): Expectation {
    const { action } = change;
    const now = (key: string): string | undefined => (left.has(key) ? left.get(key) : (this.#known.get(key)?.etag ?? ''));
    const objects = new Map(filesOf(this.#root, change).map((key) => [key, now(key)]));
    if (action.type === 'files') for (const path of action.delete) objects.set(joinPath(this.#root, path), left.get(joinPath(this.#root, path)));
    return { objects, ...(action.type === 'directory' ? { nothingElseBelow: `${joinPath(this.#root, action.directory)}/` } : {}) };
  }

  async #listAll(list: (prefix: string) => Promise<ReadonlyMap<string, string>>): Promise<ReadonlyMap<string, string>> {
    const found = await list(this.#prefix);
    this.#objects = found.size;
    return found;
  }

  #isSame(key: string, etag: string, md5: string): boolean {
    const known = this.#known.get(key);
    const same = etag === md5 || (known?.etag === etag && known.md5 === md5);
    if (same) this.#remember(key, etag, md5);
    return same;
  }

  #remember(key: string, etag: string, md5: string): void {
    this.#known.delete(key);
    this.#known.set(key, { etag, md5 });
    if (this.#known.size > maxKnown) for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }

  #signal(options: WriteOptions): AbortSignal {
    return options.signal ? AbortSignal.any([options.signal, this.#queue.closing]) : this.#queue.closing;
  }
}

/** What S3 lists in one answer. */
const keysPerPage = 1000;

/** How many questions a batch has to the bucket, when it asks for each of its places by itself. */
function askedBy(batch: readonly Waiting[]): number {
  return batch.reduce((sum, { change: { action } }) => sum + (action.type === 'directory' ? 1 : action.type === 'files' ? action.put.length + action.delete.length : action.files.length + 1), 0);
}

/** The objects that hold a change, when nothing of it had to be written. */
function filesOf(root: string, { action }: StateStoreChange): readonly string[] {
  const files = action.type === 'files' ? action.put : action.files;
  const index = action.type === 'indexed' && files.length > 0 ? [action.index] : [];
  return [...files.map((file) => file.path), ...index].map((path) => joinPath(root, path));
}

/** One id for several versions: SHA-256 over each in turn, by key. `''` for none. */
function chain(versions: readonly string[]): string {
  return versions.toSorted().reduce((before, version) => createHash('sha256').update(before).update(version).digest('hex'), '');
}
