import type { GitStateStore } from '@plinth/api';
import { GitStateStore as GitWriter, type StateStoreWriter } from '@plinth/state-store';
import { type StoreCredentials, StoreProblem } from './credentials.ts';

/** Opens the writer of a store. Tests put another one in its place. `moved`: to be called when somebody else changed the store's content. */
export type StateStoreWriterFactory = (store: GitStateStore, credentials: StoreCredentials | undefined, moved: () => void) => Promise<StateStoreWriter>;

/** The writer for git over HTTP and HTTPS. `ca`: PEM of an authority to trust for every store, besides the Secret's. */
export const openGitWriter =
  (options: { readonly ca?: string } = {}): StateStoreWriterFactory =>
  async (store, credentials, moved) => {
    const { url = '', branch = 'main', path, authMethod = 'basicAuth', gitAuthor } = store.spec ?? {};
    if (authMethod !== 'basicAuth') throw new StoreProblem('ErrorInitialisingWriter', `authMethod ${authMethod} is not there yet; use basicAuth with a token or password`);
    if (!/^https?:\/\//.test(url)) throw new StoreProblem('ErrorInitialisingWriter', `the URL ${JSON.stringify(url)} does not begin with https:// or http://`);
    const ca = [options.ca, credentials?.ca].filter(Boolean).join('\n');
    return GitWriter.open({
      url,
      branch,
      ...(path ? { path } : {}),
      ...(credentials ? { auth: { username: credentials.username, password: credentials.password } } : {}),
      ...(ca ? { ca } : {}),
      onForeignChange: moved,
      author: { name: gitAuthor?.name ?? 'kratix', ...(gitAuthor?.email ? { email: gitAuthor.email } : {}) },
    });
  };
