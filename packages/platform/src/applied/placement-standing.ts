import type { AgentReport, Destination, WorkPlacement } from '@plinth/api';
import { isWritten } from '../work-placement/plan.ts';
import type { ReportIndex } from './report-index.ts';

export type Unhealthy = NonNullable<AgentReport['unhealthy']>[number];
export type Failure = NonNullable<KustomizationReport['failures']>[number];
export type KustomizationReport = NonNullable<AgentReport['kustomizations']>[number];

/** How the content of a placement stands at its destination, as far as its agent tells. */
export type PlacementStanding =
  /** `commit`: the one that holds the content. `areUnhealthyKnown`: false when more do not work than a report lists. */
  | { readonly type: 'applied'; readonly destination: string; readonly commit: string; readonly provedAt: string; readonly unhealthy: readonly Unhealthy[]; readonly areUnhealthyKnown: boolean }
  | { readonly type: 'failed'; readonly destination: string; readonly failure: Failure }
  /** It is on its way, as far as anybody knows. `trouble`: what keeps the agent from it. */
  | { readonly type: 'pending'; readonly destination: string; readonly commit?: string; readonly trouble?: string }
  /** Nobody has heard of the agent since then. */
  | { readonly type: 'silent'; readonly destination: string; readonly since: string }
  /** The destination has no agent that reports, or none that applies this part of the store. */
  | { readonly type: 'notReported'; readonly destination: string; readonly why: string }
  /** What the agent applied cannot be compared at the moment: what was proved before stays; otherwise it is pending. */
  | { readonly type: 'undecided'; readonly destination: string; readonly commit?: string; readonly trouble?: string };

export interface PlacementView {
  readonly placement: WorkPlacement;
  readonly destination: Destination | undefined;
  /** Where its files are, from the root of the repository (`placementPaths`). */
  readonly paths: readonly string[];
  /** What the destination's report says of objects and files. */
  readonly index: ReportIndex;
  /** A commit that is known to hold the placement's content: the newest that it was compared with. */
  readonly provedIn: string | undefined;
  /** See `StateStoreWriter`; absent: there is no writer, or its store's revisions do not tell. */
  readonly contains: ((revision: string, versionId: string) => boolean | undefined) | undefined;
  /** Since when the reporter is silent (RFC 3339); undefined while it is not. */
  readonly silentSince: string | undefined;
}

/** Compares the content of one placement with what its destination reports. Pure. */
export function placementStanding(view: PlacementView): PlacementStanding {
  const { placement } = view;
  const destination = placement.spec?.targetDestinationName ?? '';
  const agent = view.destination?.status?.agent;
  const commit = placement.status?.versionID;
  if (!isWritten(placement)) return { type: 'pending', destination };
  if (!agent) return { type: 'notReported', destination, why: `Destination ${destination} has no agent that reports` };
  if (view.silentSince !== undefined) return { type: 'silent', destination, since: view.silentSince };
  if (view.destination?.spec?.stateStoreRef?.kind === 'BucketStateStore') return { type: 'notReported', destination, why: `what Destination ${destination} takes from a bucket cannot be compared with what was written` };
  const covering = (agent.kustomizations ?? []).filter(({ path = '' }) => view.paths.every((file) => isBelow(file, path)));
  if (covering.length === 0) return { type: 'notReported', destination, why: `no Kustomization of Destination ${destination} applies ${view.paths[0] ?? 'its files'}` };
  const found = covering.map((kustomization) => compare(view, agent, kustomization, destination, commit));
  const first = (type: PlacementStanding['type']): PlacementStanding | undefined => found.find((standing) => standing.type === type);
  return first('failed') ?? first('applied') ?? first('undecided') ?? found[0]!;
}

function compare(view: PlacementView, agent: AgentReport, kustomization: KustomizationReport, destination: string, commit: string | undefined): PlacementStanding {
  const { placement, contains, provedIn } = view;
  if (!contains || !provedIn) return { type: 'undecided', destination };
  const { lastAttemptedRevision, partial, failures = [], failureCount = 0, appliedAt, ready, reason, message, name } = kustomization;
  const attempted = commitOf(lastAttemptedRevision);
  if (failures.length > 0 && attempted && contains(attempted, provedIn)) {
    const failure = view.index.failureOf(kustomization, placement, view.paths);
    if (failure) return { type: 'failed', destination, failure };
  }
  const applied = appliedCommit(kustomization);
  const isApplied = applied === undefined ? false : contains(applied, provedIn);
  const awaited = commit ? { commit } : {};
  if (!isApplied) {
    const source = agent.sources?.find((each) => each.name === kustomization.source && each.ready === 'False');
    const trouble = source ? `${source.kind} ${source.name}: ${source.message ?? ''}` : ready === 'False' && !partial && reason !== 'DependencyNotReady' ? `Kustomization ${name ?? ''}: ${message ?? ''}` : undefined;
    return { type: isApplied === undefined ? 'undecided' : 'pending', destination, ...awaited, ...(trouble ? { trouble: trouble.slice(0, 500) } : {}) };
  }
  // It may be among those that there was no room for.
  if (partial && failureCount > failures.length) return { type: 'pending', destination, ...awaited, trouble: `Kustomization ${name ?? ''}: ${failureCount} objects were refused, too many to tell which` };
  const unhealthy = view.index.unhealthyOf(placement);
  const areUnhealthyKnown = (agent.unhealthyCount ?? 0) <= (agent.unhealthy?.length ?? 0);
  return { type: 'applied', destination, commit: commit ?? provedIn, provedAt: appliedAt ?? agent.reportedAt ?? '', unhealthy, areUnhealthyKnown };
}

/** The newest commit that is applied, but for single failures. */
export const appliedCommit = ({ partial, lastAttemptedRevision, lastAppliedRevision }: KustomizationReport): string | undefined => commitOf(partial ? lastAttemptedRevision : lastAppliedRevision);

/** `main@sha1:<commit>` -> the commit. */
export const commitOf = (revision: string | undefined): string | undefined => /[^:/]+$/.exec(revision ?? '')?.[0];

export const isBelow = (path: string, folder: string): boolean => folder === '' || path === folder || path.startsWith(`${folder}/`);
