import { describe, expect, it } from 'vitest';
import { WriteQueue } from './write-queue.ts';
import type { StateStoreChange } from './writer.ts';

const change = (name: string): StateStoreChange => ({ name, action: { type: 'files', put: [], delete: [name] } });

describe('WriteQueue', () => {
  it('lets who looks have its turn between two batches, however much there is to write', async () => {
    const seen: string[] = [];
    const looks: Promise<unknown>[] = [];
    await using queue = new WriteQueue({
      maxBatch: 2,
      writeBatch: async (batch) => {
        seen.push(batch.map((waiting) => waiting.change.name).join('+'));
        if (seen.length === 1) looks.push(queue.inTurn(async () => void seen.push('look')));
        for (const waiting of batch) waiting.settle({ outcome: 'written', versionId: 'v' });
      },
    });
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => queue.write(change(name))));
    await Promise.all(looks);
    expect(seen).toEqual(['a+b', 'look', 'c+d', 'e']);
  });

  it('finishes what is under way when it closes, and fails the rest', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const queue = new WriteQueue({
      maxBatch: 1,
      writeBatch: async ([waiting]) => {
        begin();
        await gate;
        waiting!.settle({ outcome: 'written', versionId: 'v' });
      },
    });
    const outcomes = Promise.all([queue.write(change('a')), queue.write(change('b'))]);
    await begun;
    const closed = queue[Symbol.asyncDispose]();
    open();
    await closed;
    expect(await outcomes).toMatchObject([{ outcome: 'written' }, { outcome: 'failed', error: { reason: 'aborted' } }]);
    expect(await queue.write(change('c'))).toMatchObject({ outcome: 'failed', error: { reason: 'aborted' } });
  });
});
