import { type BucketStateStore, type GitStateStore, secrets, type Secret } from '@plinth/api';
import type { Client } from '@plinth/client';
import { StoreProblem } from './store-problem.ts';

/** A state store of any kind. */
export type StateStore = GitStateStore | BucketStateStore;

/** What a store's Secret holds; never logged. */
export interface StoreSecret {
  /** `Secret x in namespace y`, for messages. */
  readonly label: string;
  /** Of the Secret as it was read: another one means other content. */
  readonly version: string;
  /** The text of a key without the line end that files bring along; undefined where it is missing or empty. */
  get(key: string): string | undefined;
  /** Throws a StoreProblem where the key is missing. */
  require(key: string): string;
}

/** Which Secret a store names (contract, section 1.6). Undefined: none. */
export function secretOf(store: StateStore): { readonly namespace: string; readonly name: string } | undefined {
  const ref = store.spec?.secretRef;
  return ref?.name ? { namespace: ref.namespace || 'default', name: ref.name } : undefined;
}

/** Reads the Secret that the store names. Undefined: the store names none. */
export async function readSecret(client: Client, store: StateStore): Promise<StoreSecret | undefined> {
  const key = secretOf(store);
  if (!key) return undefined;
  const secret = await client.find<Secret>(secrets, key);
  if (!secret) throw new StoreProblem('SecretNotFound', `Secret ${key.name} not found in namespace ${key.namespace}`);
  return storeSecret(secret);
}

export function storeSecret({ metadata, data }: Secret): StoreSecret {
  const label = `Secret ${metadata.name} in namespace ${metadata.namespace}`;
  const get = (key: string): string | undefined => Buffer.from(data?.[key] ?? '', 'base64').toString('utf8').replace(/\r?\n$/, '') || undefined;
  return {
    label,
    version: `${metadata.uid}/${metadata.resourceVersion}`,
    get,
    require: (key) => {
      const value = get(key);
      if (value === undefined) throw new StoreProblem('ErrorInitialisingWriter', `${label} has no key ${key}`);
      return value;
    },
  };
}
