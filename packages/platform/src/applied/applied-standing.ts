import type { Failure, PlacementStanding, Unhealthy, Word } from './placement-standing.ts';

/** How everything that a request (or a Promise) has at destinations stands, together. */
export type AppliedStanding =
  /** `where`: `worker-cluster (commit 1a2b3c4)`, `worker-2 (commits 1a2b3c4, 5d6e7f8)`. */
  | { readonly type: 'applied'; readonly where: readonly string[]; readonly provedAt: string; readonly unhealthy: readonly (Unhealthy & { readonly destination: string })[]; readonly areUnhealthyKnown: boolean }
  | { readonly type: 'failed'; readonly destination: string; readonly failure: Failure }
  | { readonly type: 'pending'; readonly message: string }
  | { readonly type: 'silent'; readonly destination: string; readonly since: string }
  | { readonly type: 'notReported'; readonly message: string }
  /** What was proved before stays; otherwise it is pending. */
  | { readonly type: 'undecided'; readonly message: string };

/** Nothing of it is in a state store yet. */
export const NOT_WRITTEN: AppliedStanding & { readonly type: 'pending' } = { type: 'pending', message: 'Its files are not in the state store yet' };

/** The worst of all placements says how the whole stands; a whole of nothing is applied. Pure. */
export function appliedStanding(placements: readonly PlacementStanding[]): AppliedStanding {
  const sorted = placements.toSorted((a, b) => (a.destination < b.destination ? -1 : a.destination > b.destination ? 1 : 0));
  const first = <T extends PlacementStanding['type']>(type: T): (PlacementStanding & { readonly type: T }) | undefined => sorted.find((each): each is PlacementStanding & { readonly type: T } => each.type === type);
  const failed = first('failed');
  if (failed) return { type: 'failed', destination: failed.destination, failure: failed.failure };
  const silent = first('silent');
  if (silent) return { type: 'silent', destination: silent.destination, since: silent.since };
  const troubled = sorted.find((each): each is PlacementStanding & { readonly type: 'pending' } => each.type === 'pending' && each.trouble !== undefined);
  const pending = troubled ?? first('pending');
  if (pending) return pending.commit ? { type: 'pending', message: pendingMessage(pending.destination, pending.commit, pending) } : NOT_WRITTEN;
  const notReported = first('notReported');
  if (notReported) return { type: 'notReported', message: notReported.why };
  const undecided = first('undecided');
  if (undecided) return { type: 'undecided', message: undecided.commit ? pendingMessage(undecided.destination, undecided.commit, undecided) : NOT_WRITTEN.message };
  const applied = sorted.filter((each) => each.type === 'applied');
  return {
    type: 'applied',
    where: [...Map.groupBy(applied, ({ destination }) => destination)].map(([destination, parts]) => {
      const commits = [...new Set(parts.map(({ commit }) => commit.slice(0, 7)))];
      return `${destination} (${parts[0]?.word ?? 'commit'}${commits.length > 1 ? 's' : ''} ${commits.join(', ')})`;
    }),
    provedAt: applied.reduce((latest, { provedAt }) => (provedAt > latest ? provedAt : latest), ''),
    unhealthy: applied.flatMap(({ destination, unhealthy }) => unhealthy.map((each) => ({ ...each, destination }))),
    areUnhealthyKnown: applied.every(({ areUnhealthyKnown }) => areUnhealthyKnown),
  };
}

const pendingMessage = (destination: string, commit: string, { word = 'commit', trouble }: { readonly word?: Word; readonly trouble?: string }): string =>
  `Destination ${destination} has not applied ${word} ${commit.slice(0, 7)} yet${trouble ? `: ${trouble}` : ''}`;
