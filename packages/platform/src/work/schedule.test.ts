import type { WorkloadGroup } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import { schedule, selectorsOf } from './schedule.ts';
import { destination, placement, work } from './test-objects.ts';

const targets = (...args: Parameters<typeof schedule>) => schedule(...args)[0]!.targets;
const names = (...args: Parameters<typeof schedule>) => targets(...args).map((target) => target.destination);

describe(schedule, () => {
  const [a, b, prod] = [destination('a', { environment: 'dev' }), destination('b', { environment: 'dev' }), destination('prod', { environment: 'prod' })];

  it('gives what a request made to one destination that matches, always the same one, and spreads requests', () => {
    const [first] = targets(work(), [a, b, prod], []);
    expect(['a', 'b']).toContain(first?.destination);
    expect(targets(work(), [prod, b, a], [])).toEqual([first]);
    const chosen = new Set(Array.from({ length: 40 }, (_, index) => names(work('one', undefined, { uid: `u${index}` }), [a, b, prod], [])[0]));
    expect([...chosen].sort()).toEqual(['a', 'b']);
  });
  it('gives what belongs to the Promise to every destination that matches', () => {
    expect(targets(work(''), [a, b, prod], [])).toEqual([{ destination: 'a', isMisplaced: false }, { destination: 'b', isMisplaced: false }]);
  });
  it('leaves files where they are, and marks them when the destination matches no more or is gone', () => {
    expect(targets(work(), [a, prod], [placement('prod')])).toEqual([{ destination: 'prod', isMisplaced: true }]);
    expect(targets(work(), [a], [placement('gone')])).toEqual([{ destination: 'gone', isMisplaced: true }]);
    expect(targets(work(''), [a, prod], [placement('prod')])).toEqual([{ destination: 'a', isMisplaced: false }, { destination: 'prod', isMisplaced: true }]);
  });
  it('keeps a request at its destination when others match as well', () => {
    for (const one of ['a', 'b']) expect(targets(work(), [a, b], [placement(one)])).toEqual([{ destination: one, isMisplaced: false }]);
  });
  it('chooses anew when the placement is on its way out', () => {
    expect(names(work(), [a], [placement('b', { metadata: { name: 'w.b-5058f', deletionTimestamp: 'now' } })])).toEqual(['a']);
  });
  it('takes, when nothing is selected, only destinations that do not insist on labels or have none', () => {
    const strict = destination('strict', { zone: 'x' }, { strictMatchLabels: true });
    const bare = destination('bare', {}, { strictMatchLabels: true });
    expect(names(work('', {}), [strict, bare, a], [])).toEqual(['a', 'bare']);
    expect(names(work('', { zone: 'x' }), [strict, bare, a], [])).toEqual(['strict']);
  });
  it('never takes a destination that is being deleted', () => {
    const leaving = destination('a', { environment: 'dev' }, {}, { deletionTimestamp: 'now' });
    expect(targets(work(), [leaving], [])).toEqual([]);
    expect(targets(work(), [leaving], [placement('a')])).toEqual([{ destination: 'a', isMisplaced: false }]);
  });
  it('brings dry runs to destinations for dry runs, whatever they select, and nothing else there', () => {
    const dry = destination('dry', { 'kratix.io/dry-run': 'true', environment: 'dev' });
    expect(names(work(''), [a, dry], [])).toEqual(['a']);
    expect(names(work('', {}), [dry], [])).toEqual([]);
    expect(names(work('one', { environment: 'prod' }, { labels: { 'kratix.io/dry-run': 'true' } }), [a, prod, dry], [])).toEqual(['dry']);
    expect(names(work('one', {}, { labels: { 'kratix.io/dry-run': 'yes' } }), [a, dry], [])).toEqual(['a']);
  });
});

describe(selectorsOf, () => {
  it('merges: the Promise before its workflow, and both before the workflow of the request', () => {
    const selector = (source: string, matchLabels: Record<string, string>) => ({ source, matchLabels });
    const group = (destinationSelectors: object[]): WorkloadGroup => ({ id: '1', destinationSelectors }) as WorkloadGroup;
    expect(selectorsOf(group([selector('promise', { a: 'p' }), selector('resource-workflow', { a: 'r', b: 'r', c: 'r' }), selector('promise-workflow', { b: 'w' })]))).toEqual({ a: 'p', b: 'w', c: 'r' });
    expect(selectorsOf(group([selector('resource-workflow', { a: 'r' }), selector('promise', {})]))).toEqual({ a: 'r' });
    expect(selectorsOf({ id: '1' } as WorkloadGroup)).toEqual({});
  });
});
