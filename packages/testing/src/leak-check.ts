import { eventually } from './eventually.ts';

/**
 * Notices what a test leaves running: sockets, servers, timers, child processes, workers, file watches.
 *
 * `await using _ = leakCheck()` as the first line of a test throws at its end when there is more of a sort than at the
 * beginning and it does not go away within `settleMs`.
 */
export function leakCheck(settleMs = 1000): AsyncDisposable {
  const before = counts();
  return {
    [Symbol.asyncDispose]: async () => {
      await eventually(
        () => {
          const left = [...counts()].filter(([sort, count]) => count > (before.get(sort) ?? 0));
          if (left.length > 0) throw new Error(`left running: ${left.map(([sort, count]) => `${count - (before.get(sort) ?? 0)} ${sort}`).join(', ')}`);
        },
        { timeoutMs: settleMs },
      );
    },
  };
}

function counts(): Map<string, number> {
  const found = new Map<string, number>();
  for (const sort of process.getActiveResourcesInfo()) {
    // Pipes and terminals belong to the process itself, immediates and requests to this very look.
    if (sort === 'PipeWrap' || sort === 'TTYWrap' || sort === 'Immediate' || sort.endsWith('ReqWrap') || sort.startsWith('FSReq')) continue;
    found.set(sort, (found.get(sort) ?? 0) + 1);
  }
  return found;
}
