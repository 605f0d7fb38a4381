import type { RefUpdate, RemoteRepository } from './git-remotes.ts';

/** Follows what is pushed to one repository, until it is ended. */
export interface RefSubscription {
  /** The server tells of pushes: polling is only there for what it cannot say. */
  readonly isLive: boolean;
  /** Resolves when it has ended. Never rejects. */
  readonly finished: Promise<void>;
  end(): void;
}

/** `pushed` is called for every update; `ended` when the server stops telling, or never did. */
export function subscribeToRefs(
  remote: RemoteRepository,
  handlers: { readonly pushed: (update: RefUpdate) => void; readonly ended: () => void },
): RefSubscription {
  const stopped = new AbortController();
  let isLive = false;
  const run = async (): Promise<void> => {
    try {
      for await (const update of remote.follow(stopped.signal)) {
        if (stopped.signal.aborted) return;
        isLive = true;
        handlers.pushed(update);
      }
    } catch {
      // What is wrong with the remote shows when it is polled, with a condition that says it.
    } finally {
      const wasLive = isLive;
      isLive = false;
      if (wasLive && !stopped.signal.aborted) handlers.ended();
    }
  };
  return {
    get isLive() {
      return isLive;
    },
    finished: run(),
    end: () => stopped.abort(),
  };
}
