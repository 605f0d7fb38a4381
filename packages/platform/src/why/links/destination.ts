import { selectorsFor } from '../../work/schedule.ts';
import { isMarked, LABELS } from '../../naming/labels.ts';
import type { Chain, Link } from '../chain.ts';
import { labelsText, linkMaker, listed, nameOf } from '../words.ts';

const link = linkMaker('destination');

/** Whether the Destinations that were chosen are still there, and still the right ones. */
export function destinationLink({ works, placements, destinations }: Chain): Link {
  for (const placement of placements) {
    const target = placement.spec?.targetDestinationName ?? '';
    const name = nameOf('Destination', target);
    const found = destinations.find(({ metadata }) => metadata.name === target);
    if (!found || found.metadata.deletionTimestamp) {
      return link(name, 'failed', `${name} ${found ? 'is being deleted' : 'is gone'}, and ${placement.metadata.name} stands there`, { since: found?.metadata.deletionTimestamp, next: `create it again, or delete WorkPlacement ${placement.metadata.name} to choose another` });
    }
    if (!isMarked(placement, LABELS.misplaced)) continue;
    const work = works.find(({ metadata }) => metadata.name === placement.metadata.labels?.[LABELS.work]);
    const group = work?.spec?.workloadGroups?.find(({ id }) => id === placement.spec?.id);
    const missing = Object.fromEntries(Object.entries(work && group ? selectorsFor(work, group).matchLabels : {}).filter(([key, value]) => found.metadata.labels?.[key] !== value));
    const pairs = Object.entries(missing).map(([key, value]) => `${key}=${value}`).join(' ');
    const what = pairs ? `no longer has the labels ${labelsText(missing)}` : 'no longer matches the selectors';
    return link(name, 'failed', `${name} ${what}: the files are misplaced there`, { next: `label it (kubectl label destination ${target} --overwrite ${pairs}), or delete WorkPlacement ${placement.metadata.name} to move them` });
  }
  const targets = [...new Set(placements.map((placement) => placement.spec?.targetDestinationName ?? ''))].sort();
  if (targets.length === 0) return link('a Destination', 'waiting', 'is not chosen yet');
  return link(`Destination ${listed(targets)}`, 'ok', targets.length > 1 ? 'match' : 'matches');
}
