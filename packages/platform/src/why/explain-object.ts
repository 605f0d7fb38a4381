import type { Destination } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import type { Explanation, Link, StateStore } from './chain.ts';
import { conditionOf, linkMaker, listed, nameOf, quote, sentenceOf } from './words.ts';

/** What is known beside the object itself. */
export interface ObjectSurroundings {
  /** Of a Destination. */
  readonly store?: StateStore | undefined;
  /** Of a Destination: when its reporter was last heard of, if that is too long ago. */
  readonly silentSince?: string | undefined;
}

/** Explains an object of the platform that nobody asked for as a service: a Destination, a state store, a release, a dry run. */
export function explainObject(object: KubeObject, surroundings: ObjectSurroundings = {}): Explanation {
  const links = object.kind === 'Destination' ? destinationLinks(object as Destination, surroundings) : [ownLink(object)];
  const cause = links.find(({ state }) => state === 'failed');
  const name = nameOf(object.kind, object.metadata.name, object.metadata.namespace);
  const waiting = links.find(({ state }) => state === 'waiting');
  const sentence = cause ? sentenceOf(cause) : waiting ? `${name} ${waiting.message}` : `${name} is ready`;
  return { isReady: !cause && !waiting, sentence, ...(cause ? { cause } : {}), links };
}

/** By its own condition, whatever that is called. */
function ownLink(object: KubeObject, make = linkMaker(STORES.has(object.kind) ? 'store' : object.kind === 'Destination' ? 'destination' : 'promise')): Link {
  const name = nameOf(object.kind, object.metadata.name, object.metadata.namespace);
  const { conditions } = (object as { readonly status?: { readonly conditions?: readonly unknown[] } }).status ?? {};
  const condition = CONDITIONS.map((type) => conditionOf(conditions, type)).find((found) => found !== undefined);
  if (!condition) return conditions || !HAS_CONDITION.has(object.kind) ? make(name, 'ok', 'is there') : make(name, 'waiting', 'was not looked at yet');
  const since = condition.lastTransitionTime;
  if (condition.status === 'True') return make(name, 'ok', quote(condition.message), { since });
  if (condition.status === 'Unknown') return make(name, 'waiting', quote(condition.message), { since });
  return make(name, 'failed', `${name} is not ready: ${quote(condition.message, MAX_CONDITION)}`, { since, next: `see kubectl describe ${object.kind.toLowerCase()}/${object.metadata.name}` });
}

function destinationLinks(destination: Destination, { store, silentSince }: ObjectSurroundings): readonly Link[] {
  const name = nameOf('Destination', destination.metadata.name);
  const { agent: report } = destination.status ?? {};
  const [agent, fetch, apply, pod] = [linkMaker('agent'), linkMaker('fetch'), linkMaker('apply'), linkMaker('pod')];
  const links: Link[] = [...(store ? [ownLink({ ...store, kind: store.kind ?? destination.spec?.stateStoreRef?.kind ?? '' })] : []), ownLink({ ...destination, kind: 'Destination' })];
  if (silentSince) links.push(agent(name, 'failed', `no report from ${name} since ${silentSince}`, { since: silentSince, next: 'see whether its cluster and its agent run' }));
  if (!report) return [...links, ...(silentSince ? [] : [agent(name, 'unknown', 'has no agent that reports')])];
  if (!silentSince) links.push(agent(name, 'ok', 'reports', { since: report.reportedAt }));

  const source = report.sources?.find(({ ready }) => ready === 'False');
  links.push(
    source
      ? fetch(nameOf(source.kind, source.name), 'failed', `the agent of ${name} cannot fetch from the state store (${nameOf(source.kind, source.name)}): ${quote(source.message)}`, { next: 'see whether the server runs and the address and credentials are right' })
      : fetch(listed((report.sources ?? []).map(({ kind, name: called }) => nameOf(kind, called))), 'ok', 'fetched'),
  );
  const refused = report.kustomizations?.flatMap(({ failures = [] }) => failures)[0];
  const broken = report.kustomizations?.find(({ ready }) => ready === 'False');
  if (refused) links.push(apply(nameOf(refused.kind, refused.name, refused.namespace), 'failed', `${name} refused ${nameOf(refused.kind, refused.name, refused.namespace)}: ${quote(refused.message)}`, { next: 'correct what writes it' }));
  else if (broken) links.push(apply(nameOf('Kustomization', broken.name), 'failed', `${name} does not apply Kustomization ${broken.name}: ${quote(broken.message)}`, { next: 'correct the file or the Kustomization that it names' }));
  else links.push(apply('files', 'ok', 'applied'));
  const sick = report.unhealthy?.find(({ reason }) => reason !== 'InProgress');
  if (sick) links.push(pod(nameOf(sick.kind, sick.name, sick.namespace), 'failed', `${nameOf(sick.kind, sick.name, sick.namespace)} does not work: ${quote([sick.reason, sick.message].filter(Boolean).join(': '))}`, { since: sick.since, next: 'see its pods on the destination' }));
  return links;
}

/** Characters of a condition: this sentence is not for a column. */
const MAX_CONDITION = 500;
const CONDITIONS = ['Ready', 'Installed', 'Completed', 'UpgradeSucceeded', 'Available'];
const STORES: ReadonlySet<string> = new Set(['GitStateStore', 'BucketStateStore']);
/** Those that say of themselves how they are. */
const HAS_CONDITION: ReadonlySet<string> = new Set([...STORES, 'Destination', 'PromiseRelease', 'DryRun']);
