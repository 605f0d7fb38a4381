import type { AgentReport, Destination } from '@plinth/api';
import type { Chain, Link } from '../chain.ts';
import { conditionOf, linkMaker, listed, nameOf } from '../words.ts';

const link = linkMaker('agent');

/** Whether anybody reports from the destinations, and is still alive. */
export function agentLink(chain: Chain): Link {
  const targets = targetsOf(chain);
  const applied = conditionOf(chain.status.conditions, 'Applied');
  // Said by those whose clock it is; the Leases tell when they are away themselves.
  if (applied?.reason === 'ReporterSilent') return link(`Destination ${listed(targets.map(({ metadata }) => metadata.name))}`, 'failed', applied.message, { since: applied.lastTransitionTime, next: 'see whether its cluster and its agent run' });
  for (const destination of targets) {
    const name = nameOf('Destination', destination.metadata.name);
    const since = chain.silentSince(destination.metadata.name);
    if (since) return link(name, 'failed', `no report from ${name} since ${since}`, { since, next: 'see whether its cluster and its agent run' });
  }
  if (targets.length === 0) return link('a Destination', 'waiting', 'is not chosen yet');
  const quiet = targets.filter((destination) => !destination.status?.agent);
  if (quiet.length > 0) return link(`Destination ${listed(quiet.map(({ metadata }) => metadata.name))}`, 'unknown', `${quiet.length > 1 ? 'have' : 'has'} no agent that reports`);
  return link(`Destination ${listed(targets.map(({ metadata }) => metadata.name))}`, 'ok', targets.length > 1 ? 'report' : 'reports', { since: targets.map(({ status }) => status?.agent?.reportedAt ?? '').sort().at(-1) });
}

/** The Destinations that the placements name and that are there. */
export function targetsOf({ placements, destinations }: Chain): readonly Destination[] {
  const names = new Set(placements.map((placement) => placement.spec?.targetDestinationName));
  return destinations.filter(({ metadata }) => names.has(metadata.name));
}

/** Their reports. */
export const reportsOf = (chain: Chain): readonly { readonly destination: Destination; readonly report: AgentReport }[] =>
  targetsOf(chain).flatMap((destination) => (destination.status?.agent ? [{ destination, report: destination.status.agent }] : []));
