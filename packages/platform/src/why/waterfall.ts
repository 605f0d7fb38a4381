import { events, type Event, type Job, type Pod, type WorkPlacement } from '@plinth/api';
import { type Condition, isForbidden, type KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { LABELS } from '../naming/labels.ts';
import { pipelineNameOf, runOf } from '../workflow/job-state.ts';
import type { ReadChain } from './read-chain.ts';
import { conditionOf } from './words.ts';

/** Something that took time, or a moment. */
export interface Span {
  readonly name: string;
  /** In ms since 1970. */
  readonly startMs: number;
  /** Absent: it goes on, or it is a moment. */
  readonly endMs?: number;
  readonly isMoment?: boolean;
  /** Objects note whole seconds, events milliseconds: how exact both ends are. */
  readonly precisionMs: 1 | 1000;
  readonly parts?: readonly Span[];
}

/** When something happened, as an event of the API tells it. */
export interface Moment {
  readonly about: string;
  readonly reason: string;
  readonly atMs: number;
}

/** Reads the events of a chain, which are more exact than its objects and last for an hour or so. None where we may not look. */
export async function readMoments(client: Client, { object, works, placements }: ReadChain): Promise<readonly Moment[]> {
  const about = [object, ...works, ...placements].slice(0, MAX_OBJECTS);
  return (await Promise.all(about.map((each) => momentsOf(client, each)))).flat();
}

async function momentsOf(client: Client, { metadata }: KubeObject): Promise<readonly Moment[]> {
  try {
    const { items } = await client.list<Event>(events, { ...(metadata.namespace ? { namespace: metadata.namespace } : {}), fieldSelector: `regarding.name=${metadata.name}`, limit: 500 });
    return items.flatMap((event) => {
      const atMs = timeOf(event.series?.lastObservedTime ?? event.eventTime);
      return atMs === undefined || (event.regarding?.uid && event.regarding.uid !== metadata.uid) ? [] : [{ about: metadata.name, reason: event.reason ?? '', atMs }];
    });
  } catch (error) {
    if (isForbidden(error)) return [];
    throw error;
  }
}

/**
 * Where the time went, as time stamps of objects and events tell: from the request to the service, or from the last
 * time that the workflow began when it ran again. Sorted by start.
 */
export function waterfall(chain: ReadChain, moments: readonly Moment[] = []): readonly Span[] {
  const { object, status } = chain;
  // One run of each pipeline: the last.
  const last = [...Map.groupBy(chain.jobs, pipelineNameOf).values()].map((runs) => runs[0]!);
  const isFirstRun = last.length === 0 || last.some((job) => runOf(job) <= 1);
  const pipelines = last.map((job) => pipelineSpan(chain, job, moments)).sort(byStart);
  const asked = moment(chain.type === 'promise' ? 'installed' : 'asked for', seconds(object.metadata.creationTimestamp));
  const begin = isFirstRun ? asked?.startMs : pipelines[0]?.startMs;
  if (begin === undefined) return [];

  const written = chain.placements.map((placement) => commitSpan(chain, placement, pipelines.at(-1), moments)).filter((one) => one !== undefined && (one.endMs ?? begin) >= begin) as readonly Span[];
  const committed = written.reduce<number | undefined>((latest, { endMs }) => (endMs !== undefined && endMs > (latest ?? 0) ? endMs : latest), undefined);
  const applied = conditionOf(status.conditions, 'Applied');
  const ready = conditionOf(status.conditions, 'Ready');
  const readyAt: Instant = ready?.status === 'True' ? exact(moments, seconds(ready.lastTransitionTime), object.metadata.name, 'HealthRecord') : NEVER;
  // What was ready before the last commit has been so all the time.
  const isAwaited = ready !== undefined && committed !== undefined && (readyAt.atMs === undefined || readyAt.atMs + 1000 > committed);
  const stages = [
    ...(isFirstRun ? [asked] : []),
    ...pipelines,
    ...written,
    applied?.status === 'True' ? moment('applied', timeOfApplied(applied)) : undefined,
    isAwaited ? span('until it works', { atMs: committed, precisionMs: 1 }, readyAt) : undefined,
  ].filter((stage) => stage !== undefined && stage.startMs + 1000 > begin) as readonly Span[];
  return withoutGuess(stages.toSorted(byStart));
}

/** What is noted in whole seconds seems to come before what is noted exactly: it cannot have been much before. */
function withoutGuess([first, ...rest]: readonly Span[]): readonly Span[] {
  if (!first) return [];
  const next = rest[0];
  return [next && first.precisionMs === 1000 && next.precisionMs === 1 && next.startMs - first.startMs < 1000 ? { ...first, startMs: next.startMs } : first, ...rest];
}

function pipelineSpan({ object, works, pods }: ReadChain, job: Job, moments: readonly Moment[]): Span {
  const pipeline = pipelineNameOf(job);
  const started = exact(moments, seconds(job.status?.startTime ?? job.metadata.creationTimestamp), object.metadata.name, 'PipelineStarted');
  const ended = seconds(job.status?.completionTime ?? job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True')?.lastTransitionTime);
  const work = works.find(({ metadata }) => metadata.labels?.[LABELS.pipelineName] === pipeline);
  const parts = pods.filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === job.metadata.name)).flatMap(containersOf);
  // The pipeline wrote its Work just before it ended, and that was placed at once.
  return { ...span(`pipeline ${pipeline}`, started, work && ended.atMs !== undefined ? exact(moments, ended, work.metadata.name, 'AllWorkplacementsScheduled') : ended)!, ...(parts.length > 0 ? { parts } : {}) };
}

/** From the end of the pipeline, or from when the placement was made, to the commit. */
function commitSpan({ works }: ReadChain, placement: WorkPlacement, pipeline: Span | undefined, moments: readonly Moment[]): Span | undefined {
  const condition = conditionOf(placement.status?.conditions, 'WriteSucceeded');
  const isWritten = condition?.status === 'True';
  const latest = latestOf(moments, placement.metadata.name, 'WorkloadsWrittenToStateStore');
  const ended: Instant = !isWritten ? NEVER : latest ? { atMs: latest.atMs, precisionMs: 1 } : seconds(condition.lastTransitionTime);
  const work = works.find(({ metadata }) => metadata.name === placement.metadata.labels?.[LABELS.work]);
  const made = exact(moments, seconds(placement.metadata.creationTimestamp), work?.metadata.name ?? '', 'AllWorkplacementsScheduled');
  const isLater = pipeline?.endMs !== undefined && pipeline.endMs > (made.atMs ?? 0) && (ended.atMs === undefined || pipeline.endMs <= ended.atMs);
  return span(`commit for ${placement.spec?.targetDestinationName ?? ''}`, isLater ? { atMs: pipeline.endMs, precisionMs: pipeline.precisionMs } : made, ended);
}

/** The proof is noted in milliseconds, and stays while the same content is applied. */
const timeOfApplied = ({ lastTransitionTime, provedAt }: Condition): Instant =>
  provedAt?.startsWith(lastTransitionTime.slice(0, -1)) ? { atMs: timeOf(provedAt), precisionMs: 1 } : seconds(lastTransitionTime);

interface Instant {
  readonly atMs: number | undefined;
  readonly precisionMs: 1 | 1000;
}
const NEVER: Instant = { atMs: undefined, precisionMs: 1 };

const seconds = (text: string | undefined | null): Instant => ({ atMs: timeOf(text), precisionMs: 1000 });

/** The event that goes with a time of whole seconds, if there is one. */
function exact(moments: readonly Moment[], instant: Instant, about: string, reason: string): Instant {
  const near = moments.filter(({ atMs }) => instant.atMs !== undefined && Math.abs(atMs - instant.atMs) < TOLERANCE_MS);
  const found = latestOf(near, about, reason);
  return found ? { atMs: found.atMs, precisionMs: 1 } : instant;
}

const latestOf = (moments: readonly Moment[], about: string, reason: string): Moment | undefined =>
  moments.filter((one) => one.about === about && one.reason === reason).reduce<Moment | undefined>((latest, one) => (latest && latest.atMs >= one.atMs ? latest : one), undefined);

function span(name: string, start: Instant, end: Instant): Span | undefined {
  if (start.atMs === undefined) return undefined;
  return { name, startMs: start.atMs, ...(end.atMs === undefined ? {} : { endMs: Math.max(start.atMs, end.atMs) }), precisionMs: Math.max(start.precisionMs, end.precisionMs) as Span['precisionMs'] };
}

const moment = (name: string, at: Instant): Span | undefined => (at.atMs === undefined ? undefined : { name, startMs: at.atMs, isMoment: true, precisionMs: at.precisionMs });

const byStart = (left: Span, right: Span): number => left.startMs - right.startMs;

function containersOf({ status }: Pod): readonly Span[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(({ name, state }) => {
    const { terminated, running } = state ?? {};
    return span(name, seconds(terminated?.startedAt ?? running?.startedAt), terminated ? seconds(terminated.finishedAt) : NEVER) ?? [];
  });
}

function timeOf(text: string | undefined | null): number | undefined {
  const time = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** An event is noted within this time of what it tells of. */
const TOLERANCE_MS = 2_000;
const MAX_OBJECTS = 20;
