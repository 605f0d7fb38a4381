import { events, type Event, type Pod } from '@plinth/api';
import { isForbidden, type KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { pipelineNameOf } from '../workflow/job-state.ts';
import type { ReadChain } from './read-chain.ts';
import { conditionOf } from './words.ts';

/** Something that took time, or a moment. */
export interface Span {
  /** Indented by two spaces: a part of the span above. */
  readonly name: string;
  /** In ms since 1970. */
  readonly startMs: number;
  /** Absent: it goes on, or it is a moment. */
  readonly endMs?: number;
  readonly isMoment?: boolean;
  /** Objects note whole seconds, events milliseconds: how exact both ends are. */
  readonly precisionMs: 1 | 1000;
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

/** Where the time went, from the request to the service, as time stamps of objects and events tell. Sorted by start. */
export function waterfall(chain: ReadChain, moments: readonly Moment[] = []): readonly Span[] {
  const { object, status, works, placements } = chain;
  const spans: Span[] = [];
  /** The event that goes with a time of whole seconds, if there is one. */
  const exact = (atMs: number | undefined, about: string, reason: string): { readonly atMs: number | undefined; readonly isExact: boolean } => {
    const found = moments.filter((one) => one.about === about && one.reason === reason && (atMs === undefined || Math.abs(one.atMs - atMs) < TOLERANCE_MS)).at(-1);
    return found ? { atMs: found.atMs, isExact: true } : { atMs, isExact: false };
  };
  const add = (name: string, start: ReturnType<typeof exact>, end?: ReturnType<typeof exact>): void => {
    if (start.atMs === undefined) return;
    const precisionMs = start.isExact && (end?.isExact ?? true) ? 1 : 1000;
    spans.push({ name, startMs: start.atMs, ...(end ? (end.atMs === undefined ? {} : { endMs: Math.max(start.atMs, end.atMs) }) : { isMoment: true }), precisionMs });
  };
  const seconds = (text: string | undefined | null) => ({ atMs: timeOf(text), isExact: false });
  const { name } = object.metadata;

  add(chain.type === 'promise' ? 'installed' : 'asked for', seconds(object.metadata.creationTimestamp));
  const seen = new Set<string>();
  for (const job of chain.jobs) {
    const pipeline = pipelineNameOf(job);
    // One run of each pipeline: the last.
    if (seen.has(pipeline)) continue;
    seen.add(pipeline);
    const started = exact(timeOf(job.status?.startTime ?? job.metadata.creationTimestamp), name, 'PipelineStarted');
    const ended = timeOf(job.status?.completionTime ?? job.status?.conditions?.find(({ type, status: is }) => type === 'Failed' && is === 'True')?.lastTransitionTime);
    const work = works.find(({ metadata }) => metadata.labels?.['kratix.io/pipeline-name'] === pipeline);
    // The pipeline wrote its Work just before it ended, and that was placed at once.
    add(`pipeline ${pipeline}`, started, work && ended !== undefined ? exact(ended, work.metadata.name, 'AllWorkplacementsScheduled') : { atMs: ended, isExact: false });
    for (const pod of chain.pods.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === job.metadata.name))) for (const each of containersOf(pod)) add(`  ${each.name}`, seconds(each.start), seconds(each.end));
  }
  for (const placement of placements) {
    const written = conditionOf(placement.status?.conditions, 'WriteSucceeded');
    const work = works.find(({ metadata }) => metadata.uid === placement.metadata.ownerReferences?.[0]?.uid);
    add(`${COMMIT}${placement.spec?.targetDestinationName ?? ''}`, exact(timeOf(placement.metadata.creationTimestamp), work?.metadata.name ?? '', 'AllWorkplacementsScheduled'), written?.status === 'True' ? exact(timeOf(written.lastTransitionTime), placement.metadata.name, 'WorkloadsWrittenToStateStore') : { atMs: undefined, isExact: false });
  }
  const applied = conditionOf(status.conditions, 'Applied');
  if (applied?.status === 'True') add('applied', seconds(applied.lastTransitionTime));
  const ready = conditionOf(status.conditions, 'Ready');
  const readyAt = ready?.status === 'True' ? exact(timeOf(ready.lastTransitionTime), name, 'HealthRecord') : { atMs: undefined, isExact: false };
  const committed = spans.filter((span) => span.name.startsWith(COMMIT)).reduce<Span | undefined>((last, span) => ((span.endMs ?? 0) > (last?.endMs ?? 0) ? span : last), undefined);
  // What was ready before the last commit has been so all the time.
  if (ready && committed?.endMs !== undefined && (readyAt.atMs === undefined || readyAt.atMs + 1000 > committed.endMs)) add('until it works', { atMs: committed.endMs, isExact: committed.precisionMs === 1 }, readyAt);
  return withRequestFirst(spans.filter((span) => !span.name.startsWith('  ')).sort((left, right) => left.startMs - right.startMs), spans);
}

/** What is noted in whole seconds seems to come before what is noted exactly; parts stay below their whole. */
function withRequestFirst(sorted: readonly Span[], all: readonly Span[]): readonly Span[] {
  const [first, ...rest] = sorted;
  if (!first) return [];
  const next = rest[0];
  // Created in the second in which the first event happened: it cannot have been much before.
  const asked = next && first.precisionMs === 1000 && next.precisionMs === 1 && next.startMs - first.startMs < 1000 ? { ...first, startMs: next.startMs } : first;
  return [asked, ...rest].flatMap((span) => [span, ...partsOf(span, all)]);
}

function partsOf(span: Span, all: readonly Span[]): readonly Span[] {
  const index = all.findIndex(({ name }) => name === span.name);
  const end = all.findIndex(({ name }, at) => at > index && !name.startsWith('  '));
  return all.slice(index + 1, end < 0 ? undefined : end);
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

const COMMIT = 'commit for ';
/** An event is noted within this time of what it tells of. */
const TOLERANCE_MS = 2_000;
const MAX_OBJECTS = 20;
