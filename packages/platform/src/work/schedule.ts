import type { Destination, Work, WorkloadGroup, WorkPlacement } from '@plinth/api';
import { isMarked, LABELS } from '../naming/labels.ts';
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
 * - Placements stay where they are: a destination that matches no more, or is gone, keeps its files, marked as misplaced.
 * - Where Kratix draws lots we take the destination whose hash with the group is the highest, so that the choice can be
 *   repeated and spreads evenly.
 */
export function schedule(work: Work, destinations: readonly Destination[], placements: readonly WorkPlacement[]): readonly GroupPlacement[] {
  const isRequest = Boolean(work.spec?.resourceName);
  return (work.spec?.workloadGroups ?? []).map((group) => {
    const selectors = selectorsFor(work, group);
    const matching = destinations.filter((destination) => matches(destination, selectors));
    const candidates = matching.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.name);
    const fitting = new Set(matching.map(({ metadata }) => metadata.name));
    const placed = placements.filter((placement) => placement.spec?.id === group.id && !placement.metadata.deletionTimestamp).map((placement) => placement.spec!.targetDestinationName!);
    const wanted = isRequest ? (placed.length > 0 ? placed : candidates.length > 0 ? [choose(work, group, candidates)] : []) : [...candidates, ...placed];
    return { group, targets: [...new Set(wanted)].sort().map((destination) => ({ destination, isMisplaced: !fitting.has(destination) })) };
  });
}

/** Which labels a destination must have to take a group, and whether it is one for dry runs. */
export interface Selectors {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly isDryRun: boolean;
}

/** The files of a dry run go where only dry runs go, whatever their selectors say. */
export function selectorsFor(work: Work, group: WorkloadGroup): Selectors {
  const isDryRun = isMarked(work, LABELS.dryRun);
  return { matchLabels: isDryRun ? { [LABELS.dryRun]: 'true' } : selectorsOf(group), isDryRun };
}

/** Merged; the Promise's own labels win over those of its workflow, and these over those of a request's. */
export function selectorsOf(group: WorkloadGroup): Readonly<Record<string, string>> {
  const priority = (source: string | undefined): number => ['resource-workflow', 'promise-workflow', 'promise'].indexOf(source ?? '');
  const sorted = (group.destinationSelectors ?? []).toSorted((left, right) => priority(left.source) - priority(right.source));
  return Object.assign({}, ...sorted.map((selector) => selector.matchLabels ?? {})) as Record<string, string>;
}

/**
 * Whether a destination has the labels that are selected. Whether it is ready does not matter: the files wait for it. What
 * stands on one that is being deleted is not misplaced: it is about to go.
 */
export function matches(destination: Destination, { matchLabels, isDryRun }: Selectors): boolean {
  if (isMarked(destination, LABELS.dryRun) !== isDryRun) return false;
  const labels = destination.metadata.labels ?? {};
  const wanted = Object.entries(matchLabels);
  if (wanted.length === 0) return !(destination.spec?.strictMatchLabels && Object.keys(labels).length > 0);
  return wanted.every(([key, value]) => labels[key] === value);
}

/** Highest random weight: https://en.wikipedia.org/wiki/Rendezvous_hashing */
function choose(work: Work, group: WorkloadGroup, candidates: readonly string[]): string {
  const weight = (destination: string): string => md5hex([work.metadata.uid ?? work.metadata.name, group.id ?? '', destination].join('/'));
  return candidates.reduce((best, candidate) => (weight(candidate) > weight(best) ? candidate : best));
}
