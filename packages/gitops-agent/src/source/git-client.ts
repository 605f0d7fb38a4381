import { GitRemote, GitRemoteError, subscribeRefUpdates } from '@plinth/git';
import { AuthenticationFailed, type GitAddress, type OpenRemote, type RefUpdate } from './git-remotes.ts';

/** No commit may bring more than this, inflated; what an artifact may hold in all is checked when it is published. */
const limits = { maxObjects: 500_000, maxObjectBytes: 64 * 1024 * 1024, maxTotalBytes: 512 * 1024 * 1024 } as const;

/** Real git servers over smart HTTP, with connections that stay open. Only the newest commit travels, without history. */
export const openGitRemote: OpenRemote = (address) => {
  const options = optionsOf(address);
  const remote = new GitRemote(options);
  return {
    listRefs: async (prefixes, signal) => {
      const refs = await explain(remote.lsRefs({ prefixes, signal }));
      return new Map(refs.map((ref) => [ref.name, ref.peeled ?? ref.id]));
    },
    fetch: async ({ commit, have }, signal) => {
      const known = have === undefined ? {} : { haves: [have], shallow: [have] };
      const { pack } = await explain(remote.fetch({ wants: [commit], depth: 1, ...known, limits, signal }));
      return pack && pack.places.length > 0 ? pack : undefined;
    },
    follow: async function* (signal): AsyncGenerator<RefUpdate> {
      const { url, auth, ca } = options;
      for await (const update of subscribeRefUpdates({ url, auth, ca, signal })) yield { ref: update.ref, commit: update.new };
    },
    [Symbol.dispose]: () => remote[Symbol.dispose](),
  };
};

/** A bearer token goes as the password of a user, which is how git hosts take one with basic authentication. */
function optionsOf({ url, username, password, bearerToken, ca }: GitAddress) {
  const auth = username !== undefined ? { username, password: password ?? '' } : bearerToken !== undefined ? { username: 'oauth2', password: bearerToken } : undefined;
  return { url, auth, ca };
}

async function explain<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof GitRemoteError && error.reason === 'unauthorized') throw new AuthenticationFailed(`failed to checkout and determine revision: ${error.message}`, { cause: error });
    throw error;
  }
}
