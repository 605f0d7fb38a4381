import type { Destination, Work, WorkPlacement } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import { BY_DESTINATION, BY_WORK } from '../runtime/informers.ts';
import { destination, placement, work, writeSucceeded } from './test-objects.ts';
import { destinationMatters, placementMatters, workMatters, worksFor } from './wake.ts';

/** The part of the informers that is asked, over plain lists. */
function seeing(destinations: readonly Destination[], works: readonly Work[], placements: readonly WorkPlacement[]): Parameters<typeof worksFor>[0] {
  const byName = <T extends { metadata: { name: string } }>(objects: readonly T[]) => ({ get: ({ name }: { name: string }) => objects.find((one) => one.metadata.name === name), list: () => objects });
  return {
    destinations: byName(destinations),
    works: byName(works),
    workPlacements: {
      byIndex: (index: string, value: string) => placements.filter((one) => (index === BY_DESTINATION ? one.spec?.targetDestinationName === value : index === BY_WORK && `default/${one.metadata.labels?.['kratix.io/work']}` === value)),
    },
  } as unknown as Parameters<typeof worksFor>[0];
}
const woken = (...args: Parameters<typeof seeing>) => worksFor(seeing(...args), 'a').map(({ name }) => name);
const a = destination('a', { environment: 'dev' });
const settled = placement('a', writeSucceeded('True'));

describe(worksFor, () => {
  it('wakes no Work that stands there, matches and is written', () => {
    expect(woken([a], [work()], [settled])).toEqual([]);
    expect(woken([a], [work('')], [settled])).toEqual([]);
  });
  it('wakes a Work whose placement there is misplaced now, or not any more', () => {
    expect(woken([destination('a')], [work()], [settled])).toEqual(['w']);
    expect(woken([], [work()], [settled])).toEqual(['w']);
    const misplaced = { ...settled, metadata: { ...settled.metadata, labels: { ...settled.metadata.labels, 'kratix.io/misplaced': 'true' } } };
    expect(woken([a], [work()], [misplaced])).toEqual(['w']);
    expect(woken([destination('a')], [work()], [misplaced])).toEqual([]);
  });
  it('wakes a Work that waits to be written there', () => {
    expect(woken([a], [work()], [placement('a')])).toEqual(['w']);
  });
  it('wakes a request that stands nowhere, and not one that stands elsewhere', () => {
    expect(woken([a], [work()], [])).toEqual(['w']);
    expect(woken([a], [work()], [placement('b')])).toEqual([]);
    expect(woken([a], [work('one', { environment: 'prod' })], [])).toEqual([]);
  });
  it('wakes what belongs to a Promise and is not there yet', () => {
    expect(woken([a], [work('')], [placement('b')])).toEqual(['w']);
    expect(woken([a], [work('', {}, { deletionTimestamp: 'now' })], [])).toEqual([]);
  });
});

describe('what matters', () => {
  it('is of a Destination its labels, strictness, end and readiness', () => {
    const ready = { ...a, status: { conditions: [{ type: 'Ready', status: 'True', message: 'm' }] } } as unknown as Destination;
    expect(destinationMatters(ready, a)).toBe(true);
    expect(destinationMatters({ ...a, spec: { ...a.spec, cleanup: 'all' } } as Destination, a)).toBe(false);
    expect(destinationMatters({ ...a, spec: { ...a.spec, strictMatchLabels: true } } as Destination, a)).toBe(true);
  });
  it('is not the status of a Work', () => {
    expect(workMatters({ ...work(), status: { workPlacements: 1 } } as Work, work())).toBe(false);
    expect(workMatters(work('one', {}, { generation: 3 }), work())).toBe(true);
  });
  it('is of a placement how its writing went', () => {
    expect(placementMatters(settled, placement('a'))).toBe(true);
    expect(placementMatters({ ...settled, status: { ...settled.status, versionID: 'c1' } } as WorkPlacement, settled)).toBe(false);
  });
});
