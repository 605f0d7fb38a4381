import { StateStoreError, type StateStoreChange, type StateStoreWriter, type WriteOutcome } from '@plinth/state-store';

/** A state store in memory that counts commits and can be broken. */
export interface MemoryStateStore extends StateStoreWriter {
  readonly files: ReadonlyMap<string, string>;
  /** The names of the changes in each commit. */
  readonly commits: readonly (readonly string[])[];
  /** While set, everything fails with it. */
  broken: StateStoreError | undefined;
  /** Somebody else empties the store, and nobody tells. */
  wipe(): void;
}

/** Changes that come within one turn of the event loop become one commit, as in the git writer. */
export function memoryStateStore(): MemoryStateStore {
  const files = new Map<string, string>();
  const commits: string[][] = [];
  let waiting: { readonly change: StateStoreChange; readonly settle: (outcome: WriteOutcome) => void }[] = [];

  const apply = ({ action }: StateStoreChange): boolean => {
    const before = JSON.stringify([...files]);
    const put = (path: string, content: Uint8Array): void => void files.set(path, Buffer.from(content).toString('utf8'));
    switch (action.type) {
      case 'files':
        for (const file of action.put) put(file.path, file.content);
        for (const path of action.delete) files.delete(path);
        break;
      case 'directory':
        for (const path of files.keys()) if (path.startsWith(`${action.directory}/`)) files.delete(path);
        for (const file of action.files) put(file.path, file.content);
        break;
      case 'indexed':
        throw new Error('not in this double');
      default:
        action satisfies never;
    }
    return JSON.stringify([...files]) !== before;
  };
  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    if (store.broken) {
      for (const { settle } of batch) settle({ outcome: 'failed', error: store.broken });
      return;
    }
    const changed = batch.map(({ change }) => apply(change));
    if (changed.includes(true)) commits.push(batch.filter((_, index) => changed[index]).map(({ change }) => change.name));
    batch.forEach(({ settle }, index) => settle({ outcome: changed[index] ? 'written' : 'unchanged', versionId: `commit-${commits.length}` }));
  };
  const write = (change: StateStoreChange): Promise<WriteOutcome> =>
    new Promise((settle) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ change, settle });
    });
  const numberOf = (version: string): number => Number(version.replace('commit-', ''));
  const store: MemoryStateStore = {
    kind: 'git',
    contains: (revision, version) => numberOf(revision) >= numberOf(version),
    files,
    commits,
    broken: undefined,
    wipe: () => files.clear(),
    write,
    writeAll: (changes) => Promise.all(changes.map(write)),
    read: async (path) => (files.has(path) ? Buffer.from(files.get(path)!) : undefined),
    list: async (directory) => [...files.keys()].filter((path) => path.startsWith(directory)).sort(),
    probe: async () => {
      if (store.broken) throw store.broken;
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return store;
}
