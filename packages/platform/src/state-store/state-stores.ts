import type { StateStoreWriter } from '@plinth/state-store';

/** Names a state store of any kind. */
export interface StateStoreRef {
  readonly kind?: string;
  readonly name?: string;
}

/**
 * The writers of the state stores that are known, for those who write to them. The reconcilers of the stores put them
 * in; whoever waits for one is woken by the store's condition in the API.
 */
export interface StateStores extends AsyncDisposable {
  get(ref: StateStoreRef): StateStoreWriter | undefined;
  /** Takes over the writer and disposes of the one that was there. */
  set(ref: StateStoreRef, writer: StateStoreWriter): Promise<void>;
  delete(ref: StateStoreRef): Promise<void>;
  /** A write failed and the store may be the cause: it is to be probed again. */
  suspect(ref: StateStoreRef): void;
  /** Calls back for every {@link suspect}. */
  onSuspect(handler: (ref: StateStoreRef) => void): void;
  /** Somebody else changed the store's content: what should stand there may not. */
  moved(ref: StateStoreRef): void;
  /**
   * Nobody knows whether the store holds what it should: its writer was just opened (which a condition that was true
   * before does not tell), or somebody else {@link moved} it.
   */
  onUnknown(handler: (ref: StateStoreRef) => void): void;
}

export function createStateStores(): StateStores {
  const writers = new Map<string, StateStoreWriter>();
  const suspecting: ((ref: StateStoreRef) => void)[] = [];
  const unknown: ((ref: StateStoreRef) => void)[] = [];
  const key = ({ kind, name }: StateStoreRef): string => `${kind ?? ''}/${name ?? ''}`;
  return {
    get: (ref) => writers.get(key(ref)),
    set: async (ref, writer) => {
      const previous = writers.get(key(ref));
      writers.set(key(ref), writer);
      for (const handler of unknown) handler(ref);
      await previous?.[Symbol.asyncDispose]();
    },
    delete: async (ref) => {
      const previous = writers.get(key(ref));
      writers.delete(key(ref));
      await previous?.[Symbol.asyncDispose]();
    },
    suspect: (ref) => {
      for (const handler of suspecting) handler(ref);
    },
    onSuspect: (handler) => void suspecting.push(handler),
    moved: (ref) => {
      for (const handler of unknown) handler(ref);
    },
    onUnknown: (handler) => void unknown.push(handler),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...writers.values()].map((writer) => writer[Symbol.asyncDispose]()));
      writers.clear();
    },
  };
}
