import type { AgentReport, Destination } from '@plinth/api';
import { deepEqual } from '@plinth/apimachinery';
import type { Clock, Informer } from '@plinth/controller-runtime';
import type { StateStoreWriter } from '@plinth/state-store';
import type { StateStores } from '../state-store/state-stores.ts';
import { appliedCommit, commitOf } from './placement-standing.ts';
import { followUnseenStates } from './unseen-states.ts';

/** Asks the writers of state stores about what agents report, where these are at a revision that the writer does not know. */
export interface WriterQuestions extends Disposable {
  /** A version that the writer of a destination's store is likely to know: what it does not compare with that it does not know. */
  remember(destination: string, version: string): void;
  /** Looks whether there is something to ask. `before`: the destination before its report changed. */
  ask(destination: Destination, before?: Destination): void;
  /** Its agent has been at a state of the store that nobody knows for too long. */
  isLost(destination: string): boolean;
}

export interface WriterQuestionsOptions {
  readonly destinations: Informer<Destination>;
  readonly stateStores: StateStores;
  readonly clock: Clock;
  /** Called when there may be something else to say of what a destination has. */
  readonly answered: (destination: string) => void;
}

export function createWriterQuestions({ destinations, stateStores, clock, answered }: WriterQuestionsOptions): WriterQuestions {
  const newest = new Map<string, string>();
  /** What was asked last about each destination, and whom: one writer is not asked twice, one that was opened since knows nothing of it. */
  const asked = new Map<string, { readonly question: string; readonly writer: StateStoreWriter }>();
  const unseen = followUnseenStates(clock, answered);

  const ask = (destination: Destination, before?: Destination): void => {
    const { metadata, spec, status } = destination;
    const ref = spec?.stateStoreRef;
    const writer = ref && stateStores.get(ref);
    const version = newest.get(metadata.name);
    const agent = status?.agent;
    if (!ref || !agent || !writer?.contains || version === undefined) return;
    const earlier = before?.status?.agent;
    // Somebody may have put the store back.
    if (earlier && hasGoneBack(earlier, agent, writer)) stateStores.suspect(ref);
    const isKnown = (commit: string): boolean => writer.contains!(commit, version) !== undefined;
    if (writer.identify) {
      if (appliedNow(agent).every((commit) => commit === undefined || isKnown(commit))) unseen.cameBack(metadata.name);
      else if (earlier && !deepEqual(appliedNow(agent), appliedNow(earlier))) unseen.wentOn(metadata.name);
    }
    const unknown = writer.identify ? unknownStates(agent, isKnown) : unknownCommit(agent, isKnown);
    const question = JSON.stringify(unknown);
    const last = asked.get(metadata.name);
    if (unknown.length === 0 || (last?.question === question && last.writer === writer)) return;
    asked.set(metadata.name, { question, writer });
    if (!writer.identify) return stateStores.suspect(ref);
    Promise.all(unknown.map(({ prefix, revisions }) => writer.identify!(revisions, prefix))).then(
      (found) => {
        if (!found.includes(true)) return;
        const current = destinations.get({ name: metadata.name });
        if (current) ask(current);
        answered(metadata.name);
      },
      () => {
        // Its condition says why; when that is well again the question is asked again.
        asked.delete(metadata.name);
        stateStores.suspect(ref);
      },
    );
  };
  const unsubscribe = destinations.subscribe({
    deleted: ({ metadata }) => {
      newest.delete(metadata.name);
      asked.delete(metadata.name);
      unseen.cameBack(metadata.name);
    },
  });
  return {
    remember: (destination, version) => void newest.set(destination, version),
    ask,
    isLost: unseen.isLost,
    [Symbol.dispose]: () => {
      unsubscribe();
      unseen[Symbol.dispose]();
    },
  };
}

interface Unknown {
  readonly prefix: string;
  readonly revisions: readonly string[];
}

const appliedNow = ({ kustomizations = [] }: AgentReport): readonly (string | undefined)[] => kustomizations.map(appliedCommit);

/** Of a store whose writer sees every commit: an agent that is ahead of it. */
function unknownCommit({ kustomizations = [] }: AgentReport, isKnown: (commit: string) => boolean): readonly Unknown[] {
  const commit = commitOf(kustomizations.map(({ lastAttemptedRevision }) => lastAttemptedRevision).find((revision) => revision !== undefined));
  return commit === undefined || isKnown(commit) ? [] : [{ prefix: '', revisions: [commit] }];
}

/** Of a bucket: for each beginning of keys that the agent takes, what it has or is about to have. */
function unknownStates({ sources = [], kustomizations = [] }: AgentReport, isKnown: (commit: string) => boolean): readonly Unknown[] {
  return sources.flatMap(({ kind, name, prefix = '', revision }) => {
    const own = kustomizations.filter(({ source, sourceKind = kind }) => kind === 'Bucket' && source === name && sourceKind === kind);
    const all = [revision, ...own.flatMap(({ lastAttemptedRevision, lastAppliedRevision }) => [lastAttemptedRevision, lastAppliedRevision])].map(commitOf);
    const revisions = [...new Set(all.filter((commit) => commit !== undefined && !isKnown(commit)))].filter((commit) => commit !== undefined);
    return own.length > 0 && revisions.length > 0 ? [{ prefix, revisions }] : [];
  });
}

/** Some folder has what came before that which it had. */
const hasGoneBack = (before: AgentReport, now: AgentReport, writer: StateStoreWriter): boolean =>
  (now.kustomizations ?? []).some((each) => {
    const old = before.kustomizations?.find(({ name }) => name === each.name);
    const [earlier, later] = [old && appliedCommit(old), appliedCommit(each)];
    return earlier !== undefined && later !== undefined && writer.contains?.(later, earlier) === false;
  });
