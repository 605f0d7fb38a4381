import { StateStoreError } from '../errors.ts';
import type { StateStoreChange, StateStoreWriter, WriteOptions, WriteOutcome } from '../writer.ts';
import type { GitStateStoreOptions } from './options.ts';

/** A git repository as a state store. See {@link StateStoreWriter} for what holds. */
export class GitStateStore implements StateStoreWriter {
  readonly kind = 'git';
  readonly options: GitStateStoreOptions;

  private constructor(options: GitStateStoreOptions) {
    this.options = options;
  }

  /** Reads the branch's trees (not the files) and is then ready to write. Rejects with a StateStoreError. */
  static async open(options: GitStateStoreOptions): Promise<GitStateStore> {
    return new GitStateStore(options);
  }

  async write(_change: StateStoreChange, _options: WriteOptions = {}): Promise<WriteOutcome> {
    return { outcome: 'failed', error: new StateStoreError('failed', 'not built yet') };
  }

  async writeAll(changes: readonly StateStoreChange[], options: WriteOptions = {}): Promise<readonly WriteOutcome[]> {
    return Promise.all(changes.map((change) => this.write(change, options)));
  }

  async read(_path: string, _options: WriteOptions = {}): Promise<Uint8Array | undefined> {
    throw new StateStoreError('failed', 'not built yet');
  }

  async list(_directory: string, _options: WriteOptions = {}): Promise<readonly string[]> {
    throw new StateStoreError('failed', 'not built yet');
  }

  async probe(_options: WriteOptions = {}): Promise<void> {
    throw new StateStoreError('failed', 'not built yet');
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
