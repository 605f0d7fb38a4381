import { secrets, type GitStateStore, type Secret } from '@plinth/api';
import type { Client } from '@plinth/client';

/** What a store needs to log in; never logged. */
export interface StoreCredentials {
  readonly username: string;
  readonly password: string;
  /** PEM of the authority of the server's certificate. */
  readonly ca?: string;
}

/** Why a store cannot be used, in the reasons of the contract, section 5.6. */
export class StoreProblem extends Error {
  readonly reason: 'SecretNotFound' | 'ErrorInitialisingWriter' | 'ErrorValidatingPermissions' | 'StateStoreError';

  constructor(reason: StoreProblem['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreProblem';
    this.reason = reason;
  }
}

/** Reads the Secret that the store names. Undefined: the store names none. */
export async function readCredentials(client: Client, store: GitStateStore): Promise<StoreCredentials | undefined> {
  const ref = store.spec?.secretRef;
  if (!ref?.name) return undefined;
  const namespace = ref.namespace || 'default';
  const secret = await client.find<Secret>(secrets, { namespace, name: ref.name });
  if (!secret) throw new StoreProblem('SecretNotFound', `Secret ${ref.name} not found in namespace ${namespace}`);
  const value = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
  const password = value('password');
  if (!password) throw new StoreProblem('ErrorInitialisingWriter', `Secret ${ref.name} in namespace ${namespace} has no key password`);
  // A token alone is enough for GitHub, under this name.
  const username = value('username') || (store.spec?.url?.includes('github') ? 'x-access-token' : '');
  const ca = value('ca.crt');
  return { username, password, ...(ca ? { ca } : {}) };
}
