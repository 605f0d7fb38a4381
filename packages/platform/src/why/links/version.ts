import type { Chain, Link } from '../chain.ts';
import { conditionOf, linkMaker, listed, nameOf, quote } from '../words.ts';

const link = linkMaker('version');

/** Whether there is the version of the Promise that the request is bound to. Absent where requests are not bound. */
export function versionLink({ binding, promise, versions, status }: Chain): Link | undefined {
  if (!binding) return undefined;
  const name = nameOf('ResourceBinding', binding.metadata.name, binding.metadata.namespace);
  const wanted = binding.spec?.version ?? 'latest';
  const promiseName = binding.spec?.promiseRef.name ?? promise?.metadata.name;
  if (wanted !== 'latest' && versions && !versions.includes(wanted)) {
    const there = versions.length > 0 ? `there is ${listed(versions)}` : 'there is none';
    return link(name, 'failed', `${name} asks for version ${wanted} of ${nameOf('Promise', promiseName)}, which does not exist (${there})`, { next: 'set its spec.version to one that exists' });
  }
  const upgrade = conditionOf(binding.status?.conditions, 'UpgradeSucceeded');
  if (upgrade?.status === 'Unknown') return link(name, 'waiting', quote(upgrade.message), { since: upgrade.lastTransitionTime });
  return link(name, 'ok', `follows version ${wanted === 'latest' ? `latest${status.promiseVersion ? ` (${status.promiseVersion})` : ''}` : wanted}`);
}
