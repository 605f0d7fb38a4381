import type { Job, Work } from '@plinth/api';
import type { ConditionUpdate } from '../conditions.ts';
import { findCondition, latestProof } from '../conditions.ts';
import { ANNOTATIONS, LABELS } from '../naming/labels.ts';

/** How the Works of a Promise or a request stand, together: failing before pending before misplaced before succeeded. */
export interface WorksStanding {
  readonly state: 'succeeded' | 'pending' | 'failing' | 'misplaced';
  /** The Works that are not ready (or the pipelines whose Work is still to come). */
  readonly names: readonly string[];
  /** When they succeeded: when the last of them was found in its store. */
  readonly provedAt?: string;
}

/**
 * `expected`: the Job whose output each pipeline's Work must hold. Without it a Work of the run before, which is ready,
 * would pass for the one that is on its way.
 */
export function worksStanding(works: readonly Work[], expected: ReadonlyMap<string, Job | undefined> = new Map()): WorksStanding {
  const byState: Record<'pending' | 'failing' | 'misplaced', string[]> = { pending: [], failing: [], misplaced: [] };
  for (const [pipeline, job] of expected) {
    if (!works.some((work) => work.metadata.labels?.[LABELS.pipelineName] === pipeline && isOf(work, job))) byState.pending.push(pipeline);
  }
  for (const work of works) {
    const state = stateOf(work);
    if (state !== 'succeeded') byState[state].push(work.metadata.name);
  }
  for (const state of ['failing', 'pending', 'misplaced'] as const) if (byState[state].length > 0) return { state, names: byState[state].sort() };
  return { state: 'succeeded', names: [], ...latestProof(works.map(({ status }) => findCondition(status?.conditions, 'Written')?.provedAt)) };
}

/** Works that Kratix wrote do not name their Job. */
function isOf(work: Work, job: Job | undefined): boolean {
  const writtenBy = work.metadata.annotations?.[ANNOTATIONS.writtenByJob];
  return writtenBy === undefined || job === undefined || writtenBy === job.metadata.name;
}

function stateOf(work: Work): WorksStanding['state'] {
  const ready = findCondition(work.status?.conditions, 'Ready');
  if (work.metadata.deletionTimestamp || !ready || ready.observedGeneration !== undefined && ready.observedGeneration !== work.metadata.generation) return 'pending';
  if (ready.status === 'True') return 'succeeded';
  if (ready.reason === 'Misplaced') return 'misplaced';
  return ready.reason === 'WorkplacementsFailing' ? 'failing' : 'pending';
}

/** The condition WorksSucceeded. `of` is `this resource` or `this promise`. */
export function worksCondition({ state, names, provedAt }: WorksStanding, of: string): ConditionUpdate {
  const some = (what: string): string => `Some works associated with ${of} ${what}: [${names.join(of === 'this promise' ? ' ' : ',')}]`;
  switch (state) {
    case 'succeeded':
      return { type: 'WorksSucceeded', status: 'True', reason: 'WorksSucceeded', message: `All works associated with ${of} are ready`, ...latestProof([provedAt]) };
    case 'pending':
      return { type: 'WorksSucceeded', status: 'Unknown', reason: 'WorksPending', message: some('are not ready') };
    case 'failing':
      return { type: 'WorksSucceeded', status: 'False', reason: 'WorksFailing', message: some(of === 'this promise' ? 'are not ready' : 'failed') };
    case 'misplaced':
      return { type: 'WorksSucceeded', status: 'False', reason: 'WorksMisplaced', message: some('are misplaced') };
    default:
      return state satisfies never;
  }
}
