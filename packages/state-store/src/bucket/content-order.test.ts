import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContentOrder } from './content-order.ts';
import { keysBelow, revisionOf, sortKeys } from './revision.ts';

const state = (text: string): Map<string, string> => new Map(text.split(' ').filter(Boolean).map((pair) => pair.split('=') as [string, string]));
const digest = (etags: ReadonlyMap<string, string>, prefix = ''): string => revisionOf(keysBelow(sortKeys([...etags.keys()]), prefix), etags);
const at = (text: string, prefix = ''): string => digest(state(text), prefix);

/** An order that begins with a listing, and takes `a=1` for a change and `a=` for a removal. */
function orderOf(text: string, prefix = ''): { readonly order: ContentOrder; readonly write: (changes: string, isSure?: boolean) => string } {
  const order = new ContentOrder(prefix);
  order.observe(state(text), false);
  return {
    order,
    write: (changes, isSure = true) => {
      const objects = new Map([...state(changes)].map(([key, etag]) => [key, etag || undefined]));
      order.advance(objects, [{ objects }], isSure);
      return order.point;
    },
  };
}

describe(revisionOf, () => {
  it('is the digest over keys and ETags, in bytewise order of the keys', () => {
    const etags = new Map([['\u{1f600}', '3'], ['\uffee', '2'], ['a', '1'], ['folder/', '0'], ['.sourceignore', '0']]);
    expect(digest(etags)).toBe(createHash('sha256').update('a 1\n\uffee 2\n\u{1f600} 3\n').digest('hex'));
  });
});

describe(ContentOrder, () => {
  it('knows which states came with a write, and which before it', () => {
    const { order, write } = orderOf('a=1');
    const b = write('b=1');
    const c = write('c=1');
    expect([at('a=1 b=1 c=1'), at('a=1 b=1'), at('a=1')].map((revision) => order.contains(revision, b))).toEqual([true, true, false]);
    expect([at('a=1 b=1 c=1'), at('a=1 b=1')].map((revision) => order.contains(revision, c))).toEqual([true, false]);
  });

  it('says nothing of a state between two writes of one batch, nor of points of others', () => {
    const { order, write } = orderOf('a=1');
    const point = write('b=1 c=1');
    expect(order.contains(at('a=1 b=1'), point)).toBeUndefined();
    expect(order.contains(at('a=1 b=1 c=1'), new ContentOrder('').point)).toBeUndefined();
    expect(order.contains(at('a=1 b=1 c=1'), '0a1b2c')).toBeUndefined();
  });

  it('takes a content that returns for the newest of its states', () => {
    const { order, write } = orderOf('a=1 b=1');
    const first = order.point;
    const second = write('a=2');
    const third = write('a=1');
    expect(order.contains(at('a=2 b=1'), first)).toBe(true);
    expect(order.contains(at('a=2 b=1'), third)).toBe(false);
    expect(order.contains(at('a=1 b=1'), second)).toBe(true);
  });

  it('has seen nothing of what follows a write that failed half-way, until the bucket was listed', () => {
    const { order, write } = orderOf('a=1');
    const point = write('b=1', false);
    expect(order.knows(at('a=1 b=1'))).toBe(false);
    write('c=1');
    order.observe(state('a=1 b=1 c=1'), false);
    expect(order.contains(at('a=1 b=1 c=1'), point)).toBe(true);
  });

  it('has not seen what a batch found to be there, and it did not know of', () => {
    const { order } = orderOf('d/a=1');
    const found = (objects: string, nothingElseBelow?: string): string => {
      order.advance(new Map(), [{ objects: state(objects), ...(nothingElseBelow === undefined ? {} : { nothingElseBelow }) }], true);
      return order.point;
    };
    expect(order.contains(at('d/a=1'), found('d/a=1', 'd/'))).toBe(true);
    // Somebody else put it there after the listing.
    const point = found('d/a=1 d/b=1');
    expect(order.contains(at('d/a=1'), point)).toBe(false);
    order.observe(state('d/a=1 d/b=1'), false);
    expect(order.contains(at('d/a=1 d/b=1'), point)).toBe(true);
    // Somebody else took it away.
    expect(order.contains(at('d/a=1 d/b=1'), found('d/a=1', 'd/'))).toBe(false);
  });

  it('takes no state after a foreign change for one with what was there before', () => {
    const { order, write } = orderOf('a=1');
    const before = write('b=1');
    order.observe(state('a=1'), true);
    expect(order.contains(at('a=1 b=1'), before)).toBe(true);
    // The revision of the first state, too, but now it stands without b.
    expect(order.contains(at('a=1'), before)).toBeUndefined();
    const again = write('b=1');
    expect(order.contains(at('a=1 b=1'), again)).toBe(true);
    expect(order.contains(at('a=1'), again)).toBe(false);
  });

  it('knows the states as agents see them that take less or more than the writer has', () => {
    const { order, write } = orderOf('s/a=1 s/b/c=1', 's/');
    expect([order.base, order.follow('s/b/'), order.base]).toEqual(['s/', false, 's/']);
    const point = write('s/a=2');
    expect(order.contains(at('s/b/c=1'), point)).toBe(true);
    expect([order.follow(''), order.base, order.knows(at('o=1 s/a=2 s/b/c=1'))]).toEqual([false, '', false]);
    order.observe(state('o=1 s/a=2 s/b/c=1'), false);
    expect(order.contains(at('o=1 s/a=2 s/b/c=1'), point)).toBe(true);
    expect(order.follow('')).toBe(true);
  });

  it('never takes a state for one that holds a write that it does not hold, whatever others do and whenever it is seen', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ type: fc.constant('batch' as const), writes: fc.uniqueArray(fc.tuple(key, fc.constantFrom('1', '2', undefined)), { minLength: 1, maxLength: 3, selector: ([name]) => name }), failsAt: fc.option(fc.nat(3), { freq: 5 }) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant('foreign' as const), key, etag: fc.option(fc.constantFrom('1', '2')) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant('look' as const) }) },
    );
    let proofs = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const bucket = new Map<string, string>();
        const order = new ContentOrder('');
        /** What the writer believes to be its own, and since when it knows that the bucket holds it. */
        const placements = new Map<string, { readonly etag: string | undefined; readonly point: string }>();
        const seen: ReadonlyMap<string, string>[] = [];
        const check = (): void => {
          seen.push(new Map(bucket));
          for (const state of seen) {
            for (const [name, { etag, point }] of placements) {
              if (order.contains(digest(state), point) !== true) continue;
              proofs += 1;
              expect(state.get(name)).toBe(etag);
            }
          }
        };
        for (const each of steps) {
          if (each.type === 'foreign') {
            if (each.etag === null) bucket.delete(each.key);
            else bucket.set(each.key, each.etag);
          } else if (each.type === 'look') {
            const isForeign = [...placements].some(([name, { etag }]) => bucket.get(name) !== etag);
            order.observe(bucket, isForeign);
          } else {
            const changes = new Map<string, string | undefined>();
            const isDone = each.writes.every(([name, etag], at) => {
              // It is under way: nothing is believed of it any longer.
              placements.delete(name);
              if (at === each.failsAt) return false;
              if (bucket.get(name) !== etag) changes.set(name, etag);
              if (etag === undefined) bucket.delete(name);
              else bucket.set(name, etag);
              check();
              return true;
            });
            order.advance(changes, isDone ? [{ objects: new Map(each.writes) }] : [], isDone);
            if (isDone) for (const [name, etag] of each.writes) placements.set(name, { etag, point: order.point });
          }
          check();
        }
      }),
      { numRuns: 1000 },
    );
    expect(proofs).toBeGreaterThan(1000);
  });
});
