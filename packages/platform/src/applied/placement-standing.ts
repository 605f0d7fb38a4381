import type { AgentReport, Destination, WorkPlacement } from '@plinth/api';
import { isWritten } from '../work-placement/plan.ts';
import type { ReportIndex } from './report-index.ts';

export type Unhealthy = NonNullable<AgentReport['unhealthy']>[number];
export type Failure = NonNullable<KustomizationReport['failures']>[number];
type SourceReport = NonNullable<AgentReport['sources']>[number];
export type KustomizationReport = NonNullable<AgentReport['kustomizations']>[number];

/** What a placement's version is called: what a bucket has are no commits. Absent: commit. */
export type Word = 'commit' | 'version';

/** How the content of a placement stands at its destination, as far as its agent tells. */
export type PlacementStanding =
  /** `commit`: the one that holds the content; of a bucket the version of the placement's objects. `areUnhealthyKnown`: false when more do not work than a report lists. */
  | { readonly type: 'applied'; readonly destination: string; readonly commit: string; readonly word?: Word; readonly provedAt: string; readonly unhealthy: readonly Unhealthy[]; readonly areUnhealthyKnown: boolean }
  | { readonly type: 'failed'; readonly destination: string; readonly failure: Failure }
  /** It is on its way, as far as anybody knows. `trouble`: what keeps the agent from it. */
  | { readonly type: 'pending'; readonly destination: string; readonly commit?: string; readonly word?: Word; readonly trouble?: string }
  /** Nobody has heard of the agent since then. */
  | { readonly type: 'silent'; readonly destination: string; readonly since: string }
  /** The destination has no agent that reports, or none that applies this part of the store. */
  | { readonly type: 'notReported'; readonly destination: string; readonly why: string }
  /** What the agent applied cannot be compared at the moment: what was proved before stays; otherwise it is pending. */
  | { readonly type: 'undecided'; readonly destination: string; readonly commit?: string; readonly word?: Word; readonly trouble?: string };

export interface PlacementView {
  readonly placement: WorkPlacement;
  readonly destination: Destination | undefined;
  /** Where its files are, from the root of the repository (`placementPaths`). */
  readonly paths: readonly string[];
  /** What the destination's report says of objects and files. */
  readonly index: ReportIndex;
  /** A state of the store that is known to hold the placement's content (`StateStoreWriter.contains`): the newest that it was compared with. */
  readonly provedIn: string | undefined;
  /** See `StateStoreWriter`; absent: there is no writer, or its store's revisions do not tell. */
  readonly contains: ((revision: string, versionId: string) => boolean | undefined) | undefined;
  /** The agent has been at a state of the store that nobody knows for too long (`UnseenStates`). */
  readonly isLost?: boolean;
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
  const taking = (agent.kustomizations ?? []).filter((kustomization) => {
    const { path = '' } = kustomization;
    const { prefix = '' } = sourceOf(agent, kustomization) ?? {};
    return view.paths.every((file) => isBelow(file, path) && `${file}/`.startsWith(prefix));
  });
  const covering = taking.filter((kustomization) => !sourceOf(agent, kustomization)?.isFiltered);
  if (covering.length === 0 && taking[0]) return { type: 'notReported', destination, why: `the Bucket ${taking[0].source ?? ''} of Destination ${destination} leaves objects out (spec.ignore), so what it takes cannot be compared with what was written` };
  if (covering.length === 0) return { type: 'notReported', destination, why: `no Kustomization of Destination ${destination} applies ${view.paths[0] ?? 'its files'}` };
  const found = covering.map((kustomization) => compare(view, agent, kustomization, destination, commit));
  const first = (type: PlacementStanding['type']): PlacementStanding | undefined => found.find((standing) => standing.type === type);
  return first('failed') ?? first('applied') ?? first('undecided') ?? found[0]!;
}

/** Where a Kustomization takes its files from. */
const sourceOf = (agent: AgentReport, { source, sourceKind }: KustomizationReport): SourceReport | undefined =>
  agent.sources?.find(({ kind, name }) => name === source && (sourceKind === undefined || kind === sourceKind));

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
  const word = view.destination?.spec?.stateStoreRef?.kind === 'BucketStateStore' ? { word: 'version' as const } : {};
  const awaited = commit ? { commit, ...word } : {};
  if (!isApplied) {
    const source = sourceOf(agent, kustomization);
    const trouble = source?.ready === 'False' ? `${source.kind} ${source.name}: ${source.message ?? ''}` : ready === 'False' && !partial && reason !== 'DependencyNotReady' ? `Kustomization ${name ?? ''}: ${message ?? ''}` : isApplied === undefined && source?.kind === 'Bucket' ? UNSEEN : undefined;
    return { type: isApplied === undefined && !view.isLost ? 'undecided' : 'pending', destination, ...awaited, ...(trouble ? { trouble: trouble.slice(0, 500) } : {}) };
  }
  // It may be among those that there was no room for.
  if (partial && failureCount > failures.length) return { type: 'pending', destination, ...awaited, trouble: `Kustomization ${name ?? ''}: ${failureCount} objects were refused, too many to tell which` };
  const unhealthy = view.index.unhealthyOf(placement);
  const areUnhealthyKnown = (agent.unhealthyCount ?? 0) <= (agent.unhealthy?.length ?? 0);
  return { type: 'applied', destination, commit: commit ?? provedIn, ...word, provedAt: appliedAt ?? agent.reportedAt ?? '', unhealthy, areUnhealthyKnown };
}

/** An agent that reads while a batch is written has a part of it, and nobody knows which. */
const UNSEEN = 'what it has was read while the bucket was being written, or is not known here; it will look again';

/** The newest commit that is applied, but for single failures. */
export const appliedCommit = ({ partial, lastAttemptedRevision, lastAppliedRevision }: KustomizationReport): string | undefined => commitOf(partial ? lastAttemptedRevision : lastAppliedRevision);

/** `main@sha1:<commit>` -> the commit; `sha256:<digest>` -> the digest. */
export const commitOf = (revision: string | undefined): string | undefined => /[^:/]+$/.exec(revision ?? '')?.[0];

export const isBelow = (path: string, folder: string): boolean => folder === '' || path === folder || path.startsWith(`${folder}/`);
