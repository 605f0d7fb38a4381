import type { Chain, Link } from '../chain.ts';
import { conditionOf, linkMaker, nameOf, quote } from '../words.ts';
import { reportsOf } from './agent.ts';

const link = linkMaker('fetch');

/** Whether the destinations' agents got the commit (of a bucket: the revision). What is applied was fetched. */
export function fetchLink(chain: Chain): Link {
  const reports = reportsOf(chain);
  const applied = conditionOf(chain.status.conditions, 'Applied');
  if (chain.placements.length === 0) return link('the agent', 'waiting', 'has nothing to fetch yet');
  const word = reports.some(({ destination }) => destination.spec?.stateStoreRef?.kind === 'BucketStateStore') ? 'version' : 'commit';
  if (applied?.status === 'True' || applied?.reason === 'ApplyFailed') return link(sources(reports), 'ok', `has the ${word}`);
  for (const { destination, report } of reports) {
    for (const { kind, name, ready, message } of report.sources ?? []) {
      if (ready !== 'False') continue;
      const agent = `the agent of ${nameOf('Destination', destination.metadata.name)}`;
      return link(nameOf(kind, name), 'failed', `${agent} cannot fetch from the state store (${nameOf(kind, name)}): ${quote(message)}`, { since: report.reportedAt, next: kind === 'Bucket' && /^bucket '.*' not found/.test(message ?? '') ? 'create the bucket, or correct spec.bucketName there' : 'see whether the server runs and the address and credentials are right' });
    }
  }
  if (reports.length === 0) return link('the agent', 'unknown', 'does not say what it fetched');
  return link(sources(reports), 'waiting', `has not got the ${word}, or has not applied it yet`);
}

const sources = (reports: ReturnType<typeof reportsOf>): string => {
  const [first] = reports.flatMap(({ report }) => report.sources ?? []);
  return first ? nameOf(first.kind, first.name) : 'the agent';
};
