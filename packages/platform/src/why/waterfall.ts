import type { Pod } from '@plinth/api';
import { pipelineNameOf } from '../workflow/job-state.ts';
import { conditionOf } from './words.ts';
import type { ReadChain } from './read-chain.ts';

/** Something that took time, or happened. Times in ms since 1970; most were noted in whole seconds. */
export interface Span {
  readonly name: string;
  readonly startMs: number;
  /** Absent: it goes on, or it was a moment (`isMoment`). */
  readonly endMs?: number;
  readonly isMoment?: boolean;
}


/**
 * Where the time went: from the request (or its last change of pipelines) to the service, as the time stamps of the
 * objects on the way tell.
 */
export function waterfall(chain: ReadChain): readonly Span[] {
  const { object, status, works, placements } = chain;
  const spans: Span[] = [];
  const moment = (name: string, at: string | undefined): void => {
    const startMs = timeOf(at);
    if (startMs !== undefined) spans.push({ name, startMs, isMoment: true });
  };
  const span = (name: string, start: string | undefined, end: string | undefined): void => {
    const startMs = timeOf(start);
    const endMs = timeOf(end);
    if (startMs !== undefined) spans.push({ name, startMs, ...(endMs === undefined ? {} : { endMs: Math.max(startMs, endMs) }) });
  };

  moment(chain.type === 'promise' ? 'installed' : 'asked for', object.metadata.creationTimestamp);
  const newest = new Set<string>();
  for (const job of chain.jobs) {
    const pipeline = pipelineNameOf(job);
    // One run of each pipeline: the last.
    if (newest.has(pipeline)) continue;
    newest.add(pipeline);
    const ended = job.status?.completionTime ?? job.status?.conditions?.find(({ type, status: is }) => type === 'Failed' && is === 'True')?.lastTransitionTime;
    span(`pipeline ${pipeline}`, job.status?.startTime ?? job.metadata.creationTimestamp, ended ?? undefined);
    for (const pod of chain.pods.filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === job.metadata.name))) for (const each of containersOf(pod)) span(`  container ${each.name}`, each.start, each.end);
  }
  for (const work of works) moment(`work ${work.metadata.labels?.['kratix.io/pipeline-name'] || 'static'}`, work.spec?.lastExecutionTimestamp || work.metadata.creationTimestamp);
  for (const placement of placements) {
    const written = conditionOf(placement.status?.conditions, 'WriteSucceeded');
    span(`written for ${placement.spec?.targetDestinationName ?? ''}`, placement.metadata.creationTimestamp, written?.status === 'True' ? written.lastTransitionTime : undefined);
  }
  const applied = conditionOf(status.conditions, 'Applied');
  if (applied?.status === 'True') moment('applied', applied.lastTransitionTime);
  const ready = conditionOf(status.conditions, 'Ready');
  if (ready?.status === 'True') moment('ready', ready.lastTransitionTime);
  return spans.sort((left, right) => left.startMs - right.startMs || (left.isMoment ? 0 : 1) - (right.isMoment ? 0 : 1));
}

function containersOf({ status }: Pod): readonly { readonly name: string; readonly start: string | undefined; readonly end: string | undefined }[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(({ name, state }) => {
    if (state?.terminated) return [{ name, start: state.terminated.startedAt ?? undefined, end: state.terminated.finishedAt ?? undefined }];
    return state?.running ? [{ name, start: state.running.startedAt ?? undefined, end: undefined }] : [];
  });
}

function timeOf(text: string | undefined | null): number | undefined {
  const time = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
