import type { Chain, Link } from '../chain.ts';
import { conditionOf, linkMaker, nameOf, quote } from '../words.ts';

const link = linkMaker('version');

/** Whether there is the version of the Promise that the request is bound to. Absent where requests are not bound. */
export function versionLink({ binding, resolution, status }: Chain): Link | undefined {
  const name = nameOf('ResourceBinding', binding?.metadata.name, binding?.metadata.namespace);
  if (resolution?.type === 'unresolved') return link(name, 'failed', resolution.problem);
  if (!binding) return undefined;
  const upgrade = conditionOf(binding.status?.conditions, 'UpgradeSucceeded');
  if (upgrade?.status === 'Unknown') return link(name, 'waiting', quote(upgrade.message), { since: upgrade.lastTransitionTime });
  const wanted = binding.spec?.version ?? 'latest';
  return link(name, 'ok', `follows version ${wanted}${wanted === 'latest' && status.promiseVersion ? ` (${status.promiseVersion})` : ''}`);
}
