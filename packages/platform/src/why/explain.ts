import { type Chain, type Explanation, type Link, type LinkName, LINKS } from './chain.ts';
import { agentLink } from './links/agent.ts';
import { applyLink } from './links/apply.ts';
import { destinationLink } from './links/destination.ts';
import { fetchLink } from './links/fetch.ts';
import { pauseLink } from './links/pause.ts';
import { pipelineLink } from './links/pipeline.ts';
import { promiseLink } from './links/promise.ts';
import { scheduleLink } from './links/schedule.ts';
import { healthLink, podLink } from './links/service.ts';
import { storeLink } from './links/store.ts';
import { versionLink } from './links/version.ts';
import { conditionOf, listed, nameOf, sentenceOf } from './words.ts';

/**
 * Walks along the chain from a request (or a Promise) to its service and says of each link how it stands, and in one
 * sentence why the whole is not ready: the first link that failed. What is ready waits for nothing: the links that others go
 * through, such as the files of a Promise that has none, are left out then. Pure, and bounded by what the chain holds.
 */
export function explain(chain: Chain): Explanation {
  const links = linksOf(chain).map((name) => EXPLAINERS[name](chain)).filter((link) => link !== undefined);
  const cause = links.find(({ state }) => state === 'failed');
  const isReady = cause === undefined && isSaidReady(chain);
  return { isReady, sentence: cause ? sentenceOf(cause) : isReady ? readySentence(chain) : waitingSentence(chain, links), ...(cause ? { cause } : {}), links: isReady ? links.filter(({ state }) => state !== 'waiting') : links };
}

/**
 * The cause alone, for `.status.message`: undefined while things take their course. Looks no further than the first
 * link that failed, so it is cheap enough for every pass of a controller.
 */
export function findCause(chain: Chain): Link | undefined {
  for (const name of linksOf(chain)) {
    const link = EXPLAINERS[name](chain);
    if (link?.state === 'failed') return link;
  }
  return undefined;
}

/** What is being deleted goes another way. */
const linksOf = ({ object }: Chain): readonly LinkName[] => (object.metadata.deletionTimestamp ? DELETION : LINKS);
const DELETION: readonly LinkName[] = ['pause', 'pipeline', 'store'];

const EXPLAINERS: Readonly<Record<LinkName, (chain: Chain) => Link | undefined>> = {
  promise: promiseLink,
  version: versionLink,
  pause: pauseLink,
  pipeline: pipelineLink,
  schedule: scheduleLink,
  destination: destinationLink,
  store: storeLink,
  agent: agentLink,
  fetch: fetchLink,
  apply: applyLink,
  pod: podLink,
  health: healthLink,
};

/** What the platform itself says: `Ready` where somebody can tell, else that all is in the store. */
function isSaidReady({ type, status, object }: Chain): boolean {
  if (object.metadata.deletionTimestamp) return false;
  const ready = conditionOf(status.conditions, 'Ready');
  if (ready) return ready.status === 'True';
  if (type === 'promise') return conditionOf((object as { readonly status?: { readonly conditions?: readonly unknown[] } }).status?.conditions, 'Available')?.status === 'True' && conditionOf(status.conditions, 'Reconciled')?.status === 'True';
  return conditionOf(status.conditions, 'Reconciled')?.status === 'True';
}

const subject = ({ object }: Chain): string => nameOf(object.kind, object.metadata.name, object.metadata.namespace);

const readySentence = (chain: Chain): string => `${subject(chain)} is ready${chain.status.message ? `: ${chain.status.message}` : ''}`;

function waitingSentence(chain: Chain, links: readonly Link[]): string {
  const doing = chain.object.metadata.deletionTimestamp ? 'being deleted' : 'on its way';
  const waiting = links.find(({ state }) => state === 'waiting');
  const unknown = links.find(({ state }) => state === 'unknown');
  const isWritten = links.some(({ link, state }) => link === 'store' && state === 'ok');
  if (!waiting && unknown && isWritten && doing === 'on its way') return `${subject(chain)} is in the state store, and nobody says whether it works: ${unknown.object} ${unknown.message}`;
  const first = waiting ?? unknown;
  return first ? `${subject(chain)} is ${doing}: ${first.object} ${first.message}${first.since ? `, since ${first.since}` : ''}` : `${subject(chain)} is ${doing}${doing === 'being deleted' ? `, it waits for the finalizers ${listed(chain.object.metadata.finalizers ?? [])}` : ''}`;
}
