import { setTimeout as delay } from 'node:timers/promises';
import { encodeCommit, GitRemote, GitRemoteError, hashObject, isSshUrl, signature, subscribeRefUpdates, zeroId } from '@plinth/git';
import type { ObjectId } from '@plinth/git';
import { StateStoreError } from '../errors.ts';
import { checkPath, joinPath } from '../path.ts';
import { WriteQueue } from '../write-queue.ts';
import type { Waiting } from '../write-queue.ts';
import type { StateStoreChange, StateStoreWriter, WriteOptions, WriteOutcome } from '../writer.ts';
import { applyChange } from './apply-change.ts';
import { commitMessage } from './commit-message.ts';
import { CommitOrder } from './commit-order.ts';
import { explain } from './explain.ts';
import type { GitStateStoreOptions } from './options.ts';
import { BranchTrees } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import { TreeDraft } from './tree-draft.ts';

const firstPauseMs = 50;
const longestPauseMs = 2000;

/**
 * A git repository as a state store. See {@link StateStoreWriter} for what holds.
 *
 * Modes: *idle*, until a change comes; *writing*: one commit is being built and pushed, while changes gather for the
 * next one. The branch's trees are in memory, so a commit costs what it changes; there is no clone and no subprocess.
 * A push that is refused because the branch moved, or whose answer got lost, is followed by a look at the branch and another
 * try on top of what is there. One that a rule of the server refuses (a hook, a protected branch) is tried again in halves, so
 * that a single bad change does not hold up the others.
 */
export class GitStateStore implements StateStoreWriter {
  readonly kind = 'git';
  readonly #options: GitStateStoreOptions;
  readonly #root: string;
  readonly #remote: GitRemote;
  readonly #trees: BranchTrees;
  /** Everything that touches the branch's trees takes its turn here. */
  readonly #queue: WriteQueue;
  #watching: Promise<void> | undefined;
  /** Where we left the branch; undefined before the first look. */
  #ours: Snapshot | undefined;
  readonly #order = new CommitOrder();

  private constructor(options: GitStateStoreOptions) {
    this.#options = options;
    this.#root = joinPath(options.path ?? '');
    this.#remote = new GitRemote({ url: options.url, auth: options.auth, ssh: options.ssh, ca: options.ca, timeoutMs: options.timeoutMs, trace: options.trace });
    this.#trees = new BranchTrees(this.#remote, options.branch);
    this.#queue = new WriteQueue({ maxBatch: options.maxBatch ?? 500, writeBatch: (batch) => this.#writeBatch(batch) });
  }

  /** Reads the branch's trees (not the files) and is then ready to write. Rejects with a StateStoreError. */
  static async open(options: GitStateStoreOptions): Promise<GitStateStore> {
    let store: GitStateStore | undefined;
    try {
      store = new GitStateStore(options);
      await store.#trying(() => store!.#refresh());
      if (options.onForeignChange && !isSshUrl(options.url)) store.#watching = store.#watch();
      return store;
    } catch (error) {
      await store?.[Symbol.asyncDispose]();
      throw explain(`cannot open git state store, branch ${JSON.stringify(options.branch)}`, error);
    }
  }

  async write(change: StateStoreChange, options: WriteOptions = {}): Promise<WriteOutcome> {
    return this.#queue.write(change, options);
  }

  contains(revision: string, versionId: string): boolean | undefined {
    return this.#order.contains(revision, versionId);
  }

  async writeAll(changes: readonly StateStoreChange[], options: WriteOptions = {}): Promise<readonly WriteOutcome[]> {
    return Promise.all(changes.map((change) => this.write(change, options)));
  }

  async read(path: string, options: WriteOptions = {}): Promise<Uint8Array | undefined> {
    const full = joinPath(this.#root, checkPath(path));
    return this.#reading(`read ${full}`, options, async () => {
      const entry = new TreeDraft((await this.#refresh()).root, (id) => this.#trees.tree(id)).find(full);
      return entry === undefined || entry.mode === '40000' ? undefined : (await this.#trees.blobs([entry.id], this.#queue.closing))[0];
    });
  }

  async list(directory: string, options: WriteOptions = {}): Promise<readonly string[]> {
    const full = joinPath(this.#root, directory);
    return this.#reading(`list ${full || '/'}`, options, async () => {
      const { root } = await this.#refresh();
      const entry = full === '' ? { mode: '40000', id: root } : new TreeDraft(root, (id) => this.#trees.tree(id)).find(full);
      if (entry?.mode !== '40000') return [];
      const found: string[] = [];
      const walk = (id: ObjectId, prefix: string): void => {
        for (const child of this.#trees.tree(id).entries()) {
          if (child.mode === '40000') walk(child.id, `${prefix}${child.name}/`);
          else found.push(prefix + child.name);
        }
      };
      const prefix = full.slice(this.#root.length).replace(/^\//, '');
      walk(entry.id, prefix === '' ? '' : `${prefix}/`);
      return found.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    });
  }

  async probe(options: WriteOptions = {}): Promise<void> {
    return this.#reading('check the permission to write', options, async () => {
      await this.#refresh();
      await this.#remote.checkPush(this.#queue.closing);
    });
  }

  /** Changes that wait fail as `aborted`; a push that is under way is broken off, and may yet have arrived. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue[Symbol.asyncDispose]();
    await this.#watching;
    this.#remote[Symbol.dispose]();
  }

  /** `refusals`: how many more pushes the server may refuse before what is left has failed. */
  async #writeBatch(batch: readonly Waiting[], refusals = { left: 2 * Math.ceil(Math.log2(batch.length)) + 2 }): Promise<void> {
    if (batch.length === 0) return;
    let pushed: Snapshot | undefined;
    try {
      await this.#trying(async (attempt) => {
        // The first try trusts what is in memory; the push tells if it is out of date.
        const snapshot = attempt === 0 && this.#trees.snapshot ? this.#trees.snapshot : await this.#refresh(pushed?.commit);
        // A push whose answer got lost may have arrived all the same.
        if (pushed && snapshot.commit === pushed.commit) return this.#settleWritten(batch, snapshot);
        await this.#attempt(batch, snapshot, (next) => (pushed = next));
      });
    } catch (error) {
      if (error instanceof RefusedByRule && --refusals.left > 0 && batch.length > 1) {
        const half = Math.ceil(batch.length / 2);
        await this.#writeBatch(batch.slice(0, half), refusals);
        if (refusals.left > 0) return this.#writeBatch(batch.slice(half), refusals);
        batch = batch.slice(half);
      }
      for (const waiting of batch) waiting.settle({ outcome: 'failed', error: explain(`cannot write ${waiting.change.name} to branch ${JSON.stringify(this.#options.branch)}`, error) });
    }
  }

  /** One commit of what the batch changes. Returns when every change has its outcome. */
  async #attempt(batch: readonly Waiting[], snapshot: Snapshot, pushing: (next: Snapshot) => void): Promise<void> {
    const draft = new TreeDraft(snapshot.root, (id) => this.#trees.tree(id));
    const changed: Waiting[] = [];
    const unchanged: Waiting[] = [];
    for (const waiting of batch) {
      if (waiting.isSettled) continue;
      try {
        const different = await applyChange(draft, this.#root, waiting.change, (ids) => this.#trees.blobs(ids, this.#queue.closing));
        (different ? changed : unchanged).push(waiting);
      } catch (error) {
        const isItsOwn = error instanceof StateStoreError ? !error.shouldRetry() : isFormatError(error);
        if (!isItsOwn) throw error;
        waiting.settle({ outcome: 'failed', error: error instanceof StateStoreError ? error : new StateStoreError('invalid', `${waiting.change.name}: ${(error as Error).message}`, { cause: error }) });
      }
    }
    const finished = draft.finish();
    if (finished.root === snapshot.root) {
      // Nothing to push, so nobody has told us yet that the branch is still where we think.
      const now = await this.#refresh();
      if (now.commit !== snapshot.commit) throw new StateStoreError('rejected', `branch ${this.#options.branch} moved to ${now.commit ?? 'nothing'}`);
      for (const waiting of [...changed, ...unchanged]) waiting.settle({ outcome: 'unchanged', versionId: snapshot.commit ?? '' });
      return;
    }
    const author = signature(this.#options.author?.name || 'kratix', this.#options.author?.email ?? '', (this.#options.now ?? (() => new Date()))());
    const data = encodeCommit({ tree: finished.root, parents: snapshot.commit === undefined ? [] : [snapshot.commit], author, committer: author, message: commitMessage(changed.map((waiting) => waiting.change)) });
    const next: Snapshot = { commit: hashObject('commit', data), root: finished.root };
    pushing(next);
    const ref = `refs/heads/${this.#options.branch}`;
    const [outcome] = await this.#remote.push({
      updates: [{ ref, old: snapshot.commit ?? zeroId, new: next.commit! }],
      objects: [{ id: next.commit!, type: 'commit', data }, ...finished.objects],
      signal: this.#queue.closing,
    });
    if (!outcome!.ok) {
      const message = `the git server refused to move branch ${this.#options.branch}: ${outcome!.reason}`;
      throw rule.test(outcome!.reason) ? new RefusedByRule(message) : new StateStoreError('rejected', message, { hint: 'another writer may be at work on this branch' });
    }
    this.#trees.advance(next, finished.trees, finished.replacedBytes);
    this.#ours = next;
    this.#order.advance(next.commit!);
    for (const waiting of changed) waiting.settle({ outcome: 'written', versionId: next.commit! });
    // A directory that nobody touched was there before this commit: agents that have only that one have it, too.
    const touched = new Set(changed.map(({ change }) => directoryOf(change)));
    for (const waiting of unchanged) {
      const directory = directoryOf(waiting.change);
      const stood = directory !== undefined && !touched.has(directory) ? snapshot.commit : undefined;
      waiting.settle({ outcome: 'unchanged', versionId: stood ?? next.commit! });
    }
  }

  #settleWritten(batch: readonly Waiting[], snapshot: Snapshot): void {
    this.#ours = snapshot;
    for (const waiting of batch) waiting.settle({ outcome: 'written', versionId: snapshot.commit! });
  }

  /** Looks where the branch is, and tells when somebody else moved it. `expected`: a commit of ours that may have arrived. */
  async #refresh(expected?: ObjectId): Promise<Snapshot> {
    const snapshot = await this.#trees.refresh(this.#queue.closing);
    const before = this.#ours;
    this.#ours = snapshot;
    const isExpected = snapshot.commit !== undefined && snapshot.commit === expected;
    if (!before || before.commit !== snapshot.commit) {
      if (before && isExpected) this.#order.advance(snapshot.commit);
      else this.#order.restart(snapshot.commit);
    }
    // An empty repository is a change as well: it was made again.
    if (before && before.commit !== snapshot.commit && !isExpected) this.#options.onForeignChange?.({ previous: before.commit, current: snapshot.commit });
    return snapshot;
  }

  /** On a server that tells of pushes: looks as soon as the branch is where we did not put it. */
  async #watch(): Promise<void> {
    const ref = `refs/heads/${this.#options.branch}`;
    for await (const update of subscribeRefUpdates({ url: this.#options.url, auth: this.#options.auth, ca: this.#options.ca, signal: this.#queue.closing })) {
      if (update.ref !== ref) continue;
      // In turn, so after a push of our own that this may be about.
      await this.#queue.inTurn(async () => {
        if ((this.#ours?.commit ?? zeroId) !== update.new) await this.#refresh();
      }).catch(() => {});
    }
  }

  async #reading<T>(what: string, { signal }: WriteOptions, act: () => Promise<T>): Promise<T> {
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const giveUp = (): void => reject(signal?.reason);
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', giveUp, { once: true });
      return await Promise.race([this.#queue.inTurn(() => this.#trying(act)), givenUp]);
    } catch (error) {
      if (signal?.aborted) throw new StateStoreError('aborted', `gave up to ${what}`, { cause: error });
      throw explain(`cannot ${what} on branch ${JSON.stringify(this.#options.branch)}`, error);
    } finally {
      // The signal may be that of a controller, which outlives many reads.
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Tries again, with pauses, as long as the cause may pass by itself within a moment. */
  async #trying<T>(act: (attempt: number) => Promise<T>): Promise<T> {
    const attempts = this.#options.attempts ?? 5;
    for (let attempt = 0; ; attempt++) {
      try {
        this.#queue.closing.throwIfAborted();
        return await act(attempt);
      } catch (error) {
        if (this.#queue.closing.aborted) throw new StateStoreError('aborted', 'the state store was closed', { cause: error });
        const { reason } = explain('', error);
        // Who waited for an answer until the time was up has waited long enough.
        const isHanging = error instanceof GitRemoteError && error.reason === 'timeout';
        if (attempt + 1 >= attempts || isHanging || error instanceof RefusedByRule || (reason !== 'unreachable' && reason !== 'rejected')) throw error;
        const pause = Math.min(firstPauseMs * 2 ** attempt, longestPauseMs);
        await delay(pause * (0.75 + Math.random() / 2), undefined, { signal: this.#queue.closing }).catch(() => {});
      }
    }
  }
}

const directoryOf = ({ action }: StateStoreChange): string | undefined => (action.type === 'directory' ? action.directory : undefined);

/** How git, GitHub, GitLab and Gitea say that it was no race: `pre-receive hook declined`, `protected branch hook declined`, ... */
const rule = /declined|protected|prohibited|denied|denying|not allowed/i;

/** The server will not take this push, however often it is tried. */
class RefusedByRule extends StateStoreError {
  constructor(message: string) {
    super('rejected', message, { hint: 'look at the hooks and the branch protection of the repository' });
  }
}

/** Names that git refuses, found by the tree writer. */
function isFormatError(error: unknown): boolean {
  return error instanceof Error && error.name === 'GitFormatError';
}
