import type { Destination, Lease, Work, WorkPlacement } from '@plinth/api';
import { keyOf, keyString, type ObjectKey } from '@plinth/apimachinery';
import type { Clock, Informer } from '@plinth/controller-runtime';
import { findStore } from '../state-store/find-store.ts';
import type { StateStores } from '../state-store/state-stores.ts';
import { isTrue } from '../conditions.ts';
import { LABELS } from '../naming/labels.ts';
import { BY_DESTINATION, BY_WORK, type Informers, subjectOfWork } from '../runtime/informers.ts';
import { isWritten } from '../work-placement/plan.ts';
import { createWriterQuestions } from './ask-writers.ts';
import { type AppliedStanding, appliedStanding, NOT_WRITTEN } from './applied-standing.ts';
import { placementPaths } from './placement-paths.ts';
import { appliedCommit, type PlacementStanding, placementStanding } from './placement-standing.ts';
import { indexOf } from './report-index.ts';
import { followReporters } from './reporters.ts';

/** What destinations have applied, for all who say so in a status. */
export interface Applied extends Disposable {
  /** How what these Works hold stands at its destinations. The caller is called back when that changes. */
  of(works: readonly Work[]): AppliedStanding;
  /** A placement's content was found in its store, as of this version of the store (`StateStoreWriter.contains`). */
  proved(placement: WorkPlacement, versionId: string): void;
  /**
   * Calls back with the subjects (`subjectKey`) of a Promise (undefined: of all) whose standing may have changed. Returns
   * what ends it.
   */
  onChange(promiseName: string | undefined, handler: (subject: string) => void): () => void;
  /** RFC 3339: since when the reporter of a Destination is silent; undefined while it is not, or never was one. */
  silentSince(destination: string): string | undefined;
}

export interface AppliedOptions {
  readonly informers: Pick<Informers, 'works' | 'workPlacements' | 'destinations' | 'gitStateStores' | 'bucketStateStores'> & { readonly leases: Informer<Lease> };
  readonly stateStores: StateStores;
  readonly clock: Clock;
}

/** What is remembered of a placement; all of it can be lost. */
interface Known {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  /** The version in which this content was found last. */
  readonly provedIn?: string;
  readonly paths?: { readonly of: string; readonly list: readonly string[] };
  /** What was last said of it. */
  readonly said?: string;
}

/**
 * Follows the reports and Leases of destinations. A report is compared with the placements of its destination: while all
 * goes well with those of which more is to be said than that they are applied, or else with all. Only those of which
 * something else is to be said now are passed on.
 */
export function trackApplied({ informers, stateStores, clock }: AppliedOptions): Applied {
  const { workPlacements, destinations, works, bucketStateStores } = informers;
  const known = new Map<string, Known>();
  /** Placements of which something else was said last than that they are applied and well, by their destination. */
  const open = new Map<string, Map<string, ObjectKey>>();
  const handlers = new Map<string, Set<(subject: string) => void>>();

  const knownOf = (placement: WorkPlacement): Known => {
    const { uid, generation } = placement.metadata;
    const entry = known.get(keyString(keyOf(placement)));
    return entry && entry.uid === uid && entry.generation === generation ? entry : { uid, generation };
  };
  const remember = (placement: WorkPlacement, entry: Known): void => {
    const key = keyString(keyOf(placement));
    known.set(key, entry);
    const destination = placement.spec?.targetDestinationName ?? '';
    if (entry.said === undefined || entry.said.startsWith(APPLIED_AND_WELL)) open.get(destination)?.delete(key);
    else open.set(destination, (open.get(destination) ?? new Map<string, ObjectKey>()).set(key, keyOf(placement)));
  };
  const forget = ({ metadata, spec }: WorkPlacement): void => {
    known.delete(keyString(metadata));
    open.get(spec?.targetDestinationName ?? '')?.delete(keyString(metadata));
  };
  const silentSince = (name: string): string | undefined => {
    const agent = destinations.get({ name })?.status?.agent;
    if (!agent) return undefined;
    const since = reporters.silentSince(name);
    return since === '' ? (agent.reportedAt ?? '') : since;
  };

  const look = (placement: WorkPlacement): PlacementStanding => {
    const name = placement.spec?.targetDestinationName ?? '';
    const destination = destinations.get({ name });
    const ref = destination?.spec?.stateStoreRef;
    const writer = ref && stateStores.get(ref);
    const root = findStore(informers, ref)?.spec?.path ?? '';
    const before = knownOf(placement);
    const pathsOf = `${destination?.metadata.generation} ${root}`;
    const paths = before.paths?.of === pathsOf ? before.paths.list : destination ? placementPaths(placement, destination, root) : [];
    const standing = placementStanding({
      placement,
      destination,
      paths,
      index: indexOf(destination?.status?.agent),
      provedIn: before.provedIn ?? placement.status?.versionID,
      contains: writer?.contains && ((revision, versionId) => writer.contains!(revision, versionId)),
      isLost: questions.isLost(name),
      silentSince: silentSince(name),
    });
    remember(placement, { ...before, paths: { of: pathsOf, list: paths }, said: standing.type === 'undecided' ? (isDecided(before.said) ? before.said : 'undecided') : signatureOf(standing) });
    return standing;
  };
  /** Tells those who wait for it when something else is to be said now. */
  const check = (placement: WorkPlacement): void => {
    const before = knownOf(placement).said;
    // Nobody has asked about this content yet.
    if (before === undefined) return;
    look(placement);
    if (knownOf(placement).said === before) return;
    const work = works.get({ namespace: placement.metadata.namespace!, name: placement.metadata.labels?.[LABELS.work] ?? '' });
    if (!work) return;
    const subject = subjectOfWork(work);
    for (const key of [ANY, subject.slice(0, subject.indexOf('/'))]) for (const handler of handlers.get(key) ?? []) handler(subject);
  };
  /** `isQuiet`: nothing is said of any object, so what is applied and well stays so. */
  const checkAll = (name: string, isQuiet = false): void => {
    const affected = isQuiet ? [...(open.get(name)?.values() ?? [])].flatMap((key) => workPlacements.get(key) ?? []) : workPlacements.byIndex(BY_DESTINATION, name);
    for (const placement of affected) check(placement);
  };
  /** Every folder's commit contains the one that was applied there before. */
  const hasGoneOn = (before: Destination, after: Destination): boolean => {
    const ref = after.spec?.stateStoreRef;
    const writer = ref && stateStores.get(ref);
    const [old = [], now = []] = [before.status?.agent?.kustomizations, after.status?.agent?.kustomizations];
    return old.length === now.length && now.every((each, at) => {
      const [earlier, later] = [appliedCommit(old[at]!), appliedCommit(each)];
      return each.path === old[at]!.path && later !== undefined && earlier !== undefined && (later === earlier || writer?.contains?.(later, earlier) === true);
    });
  };

  const reporters = followReporters(informers.leases, clock, checkAll);
  const questions = createWriterQuestions({ destinations, stateStores, clock, answered: checkAll });
  const unsubscribe = [
    destinations.subscribe({
      updated: (destination, before) => {
        if (destination.status?.agent === before.status?.agent) return;
        if (JSON.stringify(destination.status?.agent) === JSON.stringify(before.status?.agent)) return;
        questions.ask(destination, before);
        checkAll(destination.metadata.name, saysNothing(before) && saysNothing(destination) && hasGoneOn(before, destination));
      },
    }),
    bucketStateStores.subscribe({
      updated: (store, before) => {
        if (!isTrue(store.status?.conditions, 'Ready') || isTrue(before.status?.conditions, 'Ready')) return;
        for (const destination of destinations.list()) {
          const ref = destination.spec?.stateStoreRef;
          if (ref?.kind !== 'BucketStateStore' || ref.name !== store.metadata.name) continue;
          questions.ask(destination);
          checkAll(destination.metadata.name);
        }
      },
    }),
    workPlacements.subscribe({ deleted: forget }),
  ];

  return {
    of: (own) => {
      const placements = own.flatMap((work) => workPlacements.byIndex(BY_WORK, keyString(keyOf(work))).filter(({ metadata }) => !metadata.deletionTimestamp));
      const isStale = placements.some(({ spec, metadata }) => spec?.generation !== undefined && spec.generation !== generationOf(own, metadata));
      const standings = placements.map(look);
      return isStale ? NOT_WRITTEN : appliedStanding(standings);
    },
    proved: (placement, versionId) => {
      const current = workPlacements.get(keyOf(placement)) ?? placement;
      if (current.metadata.generation !== placement.metadata.generation || current.metadata.uid !== placement.metadata.uid) return;
      const before = knownOf(current);
      const earlier = before.provedIn ?? current.status?.versionID;
      const ref = destinations.get({ name: current.spec?.targetDestinationName ?? '' })?.spec?.stateStoreRef;
      // What was there earlier and is there now was there all the time: nobody else has written meanwhile.
      const stands = earlier !== undefined && isWritten(current) && ref && stateStores.get(ref)?.contains?.(versionId, earlier) === true;
      questions.remember(current.spec?.targetDestinationName ?? '', versionId);
      remember(current, { ...before, provedIn: stands ? earlier : versionId });
      check(current);
      const destination = destinations.get({ name: current.spec?.targetDestinationName ?? '' });
      // Nobody has asked a writer that was just opened.
      if (destination && stateStores.get(ref ?? {})?.identify) questions.ask(destination);
    },
    onChange: (promiseName = ANY, handler) => {
      const own = handlers.get(promiseName) ?? new Set();
      handlers.set(promiseName, own.add(handler));
      return () => {
        own.delete(handler);
        if (own.size === 0) handlers.delete(promiseName);
      };
    },
    silentSince,
    [Symbol.dispose]: () => {
      for (const end of unsubscribe) end();
      reporters[Symbol.dispose]();
      questions[Symbol.dispose]();
    },
  };
}

const ANY = '*';
const APPLIED_AND_WELL = 'applied ';

/** It says True or False of the content, which stays while nothing can be compared. */
const isDecided = (said: string | undefined): said is string => said !== undefined && DECIDED.test(said);
const DECIDED = /^(?:applied |\{"type":"(?:applied|failed)")/;

/** Of single objects. */
const saysNothing = ({ status }: Destination): boolean => (status?.agent?.unhealthyCount ?? 0) === 0 && (status?.agent?.kustomizations ?? []).every(({ failureCount = 0 }) => failureCount === 0);

/** What of a standing makes a difference to what is said of it. */
function signatureOf(standing: PlacementStanding): string {
  if (standing.type !== 'applied') return JSON.stringify(standing);
  const { commit, unhealthy, areUnhealthyKnown } = standing;
  return unhealthy.length === 0 ? `${APPLIED_AND_WELL}${commit} ${areUnhealthyKnown}` : JSON.stringify(standing);
}

const generationOf = (own: readonly Work[], { labels, namespace }: ObjectKey & { readonly labels?: Readonly<Record<string, string>> }): number | undefined =>
  own.find(({ metadata }) => metadata.namespace === namespace && metadata.name === labels?.[LABELS.work])?.metadata.generation;
