import type { ParsedPack } from '@plinth/git';

/** How to reach a repository. Never logged: it may hold a password. */
export interface GitAddress {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly bearerToken?: string;
  /** PEM of certificates to trust besides those of the system. */
  readonly ca?: string;
}

/**
 * A repository on a git server, as far as the agent needs it. One body talks to real servers (`git-client.ts`); tests
 * may use one without a network.
 *
 * Errors: AuthenticationFailed when the credentials are refused; anything else becomes the condition FetchFailed.
 */
export interface RemoteRepository extends Disposable {
  /** References by their full names; annotated tags as the commits that they stand for. `prefixes` may be ignored. */
  listRefs(prefixes: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** A commit and its files, without those of `have` (a commit without its history). Undefined when nothing is missing. */
  fetch(want: { readonly commit: string; readonly have?: string }, signal: AbortSignal): Promise<ParsedPack | undefined>;
  /**
   * What is pushed, as it is pushed, beginning with what is there. Comes back by itself when the connection breaks; ends
   * only with the signal, or at once when the server has no such thing.
   */
  follow(signal: AbortSignal): AsyncIterable<RefUpdate>;
}

export interface RefUpdate {
  readonly ref: string;
  /** All zeros when the reference was deleted. */
  readonly commit: string;
}

export type OpenRemote = (address: GitAddress) => RemoteRepository;

/** The server refused the credentials, or wants some. */
export class AuthenticationFailed extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AuthenticationFailed';
  }
}
