import type { Destination, Work, WorkloadGroup, WorkPlacement } from '@plinth/api';
import { md5hex } from '../naming/stable-name.ts';

/** Where one workload group is to be. */
export interface GroupPlacement {
  readonly group: WorkloadGroup;
  /** Destinations that carry the group's files, with whether they still match. */
  readonly targets: readonly { readonly destination: string; readonly isMisplaced: boolean }[];
}

/**
 * Chooses destinations by labels (contract, section 4.3).
 *
 * - What belongs to a Promise goes to every destination that matches; what a request made goes to one of them.
 * - Placements stay where they are: a destination that matches no more keeps its files, marked as misplaced.
 * - Where Kratix draws lots we take the destination whose hash with the group is the highest, so that the choice can be
 *   repeated and spreads evenly.
 */
export function schedule(work: Work, destinations: readonly Destination[], placements: readonly WorkPlacement[]): readonly GroupPlacement[] {
  const isRequest = Boolean(work.spec?.resourceName);
  return (work.spec?.workloadGroups ?? []).map((group) => {
    const selectors = selectorsOf(group);
    const candidates = destinations.filter((destination) => matches(destination, selectors)).map((destination) => destination.metadata.name);
    const placed = placements.filter((placement) => placement.spec?.id === group.id && !placement.metadata.deletionTimestamp).map((placement) => placement.spec!.targetDestinationName!);
    const wanted = isRequest ? (placed.length > 0 ? placed : candidates.length > 0 ? [choose(work, group, candidates)] : []) : [...new Set([...candidates, ...placed])];
    return { group, targets: wanted.sort().map((destination) => ({ destination, isMisplaced: !candidates.includes(destination) })) };
  });
}

/** Merged; the Promise's own labels win over those of its workflow, and these over those of a request's. */
export function selectorsOf(group: WorkloadGroup): Readonly<Record<string, string>> {
  const priority = (source: string | undefined): number => ['resource-workflow', 'promise-workflow', 'promise'].indexOf(source ?? '');
  const sorted = (group.destinationSelectors ?? []).toSorted((left, right) => priority(left.source) - priority(right.source));
  return Object.assign({}, ...sorted.map((selector) => selector.matchLabels ?? {})) as Record<string, string>;
}

function matches(destination: Destination, selectors: Readonly<Record<string, string>>): boolean {
  if (destination.metadata.deletionTimestamp) return false;
  const labels = destination.metadata.labels ?? {};
  const wanted = Object.entries(selectors);
  if (wanted.length === 0) return !(destination.spec?.strictMatchLabels && Object.keys(labels).length > 0);
  return wanted.every(([key, value]) => labels[key] === value);
}

/** Highest random weight: https://en.wikipedia.org/wiki/Rendezvous_hashing */
function choose(work: Work, group: WorkloadGroup, candidates: readonly string[]): string {
  const weight = (destination: string): string => md5hex([work.metadata.uid ?? work.metadata.name, group.id ?? '', destination].join('/'));
  return candidates.reduce((best, candidate) => (weight(candidate) > weight(best) ? candidate : best));
}
