import type { Destination, Work } from '@plinth/api';
import { selectorsFor } from '../../work/schedule.ts';
import type { Chain, Link } from '../chain.ts';
import { conditionOf, labelsText, linkMaker, listed, nameOf } from '../words.ts';

const link = linkMaker('schedule');

/** Whether there is a Destination for all that the workflow wrote: which labels are missing, and who is there. */
export function scheduleLink({ works, destinations, placements }: Chain): Link {
  for (const work of works) {
    const condition = conditionOf(work.status?.conditions, 'ScheduleSucceeded');
    if (condition?.status !== 'False' || condition.reason !== 'UnscheduledWorkloads') continue;
    const groups = work.spec?.workloadGroups ?? [];
    const group = groups.find(({ id }) => !placements.some((placement) => placement.spec?.id === id && isOf(work, placement.metadata.ownerReferences))) ?? groups[0];
    const { message, next } = nobodyMatches(group ? selectorsFor(work, group).matchLabels : {}, destinations);
    return link(nameOf('Work', work.metadata.name, work.metadata.namespace), 'failed', message, { since: condition.lastTransitionTime, next });
  }
  if (works.length === 0) return link('the Work', 'waiting', 'is not written yet');
  if (placements.length === 0 && works.some((work) => (work.spec?.workloadGroups?.length ?? 0) > 0)) return link(nameOf('Work', works[0]!.metadata.name, works[0]!.metadata.namespace), 'waiting', 'is being placed');
  const targets = [...new Set(placements.map((placement) => placement.spec?.targetDestinationName ?? ''))].sort();
  return link(works.length === 1 ? nameOf('Work', works[0]!.metadata.name) : `${works.length} Works`, 'ok', targets.length > 0 ? `${works.length === 1 ? 'is' : 'are'} placed on ${listed(targets)}` : 'holds nothing to place');
}

function nobodyMatches(wanted: Readonly<Record<string, string>>, all: readonly Destination[]): { readonly message: string; readonly next: string } {
  const destinations = all.filter(({ metadata }) => !metadata.deletionTimestamp);
  if (destinations.length === 0) return { message: `there is no Destination${Object.keys(wanted).length > 0 ? ` (wanted: ${labelsText(wanted)})` : ''}`, next: 'create one' };
  if (Object.keys(wanted).length === 0) {
    return { message: `no Destination takes work without destination selectors: ${listed(destinations.map(({ metadata }) => metadata.name))} has strictMatchLabels`, next: 'give the Promise destinationSelectors, or add a Destination without labels' };
  }
  const lacking = destinations
    .map(({ metadata }) => ({ name: metadata.name, missing: Object.fromEntries(Object.entries(wanted).filter(([key, value]) => metadata.labels?.[key] !== value)), labels: metadata.labels }))
    .sort((left, right) => Object.keys(left.missing).length - Object.keys(right.missing).length || (left.name < right.name ? -1 : 1));
  const [nearest] = lacking;
  const texts = lacking.map(({ name, missing, labels }) => `${name} has ${labelsText(Object.fromEntries(Object.keys(missing).flatMap((key) => (labels?.[key] === undefined ? [] : [[key, labels[key]]]))))}`.replace('has no labels', `lacks ${labelsText(missing)}`));
  // Which of several is meant for this, only a person knows.
  const command = lacking.length === 1 ? ` (kubectl label destination ${nearest!.name} --overwrite ${Object.entries(nearest!.missing).map(([key, value]) => `${key}=${value}`).join(' ')})` : '';
  return { message: `no Destination has the labels ${labelsText(wanted)}: ${listed(texts)}`, next: `label ${lacking.length === 1 ? 'it' : 'one of them'} so${command}, or change the selectors` };
}

const isOf = (work: Work, owners: readonly { readonly uid: string }[] | undefined): boolean => owners?.some(({ uid }) => uid === work.metadata.uid) ?? false;
