import { coreEvents } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { createCache, silentLogger } from '@plinth/controller-runtime';
import { eventually, fakeClock, startControlPlane } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { timeOf } from '../../objects/time.ts';
import { startEventExpiry } from './event-expiry.ts';

describe(startEventExpiry, () => {
  it('deletes events that are older than their time to live, and the oldest of too many', async () => {
    await using plane = await startControlPlane();
    const { client } = plane;
    const clock = fakeClock();
    const stop = new AbortController();
    await using cache = createCache(client, { signal: stop.signal, log: silentLogger });
    await using _expiry = startEventExpiry({ cache, clock, log: silentLogger, signal: stop.signal }, { timeToLiveMs: 3_600_000, maxEvents: 10 });
    const write = (name: string, ageMs: number): Promise<unknown> =>
      client.create(coreEvents, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { namespace: 'default', name },
        involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
        lastTimestamp: timeOf(clock.now() - ageMs),
      } as KubeObject);
    const names = async (): Promise<readonly string[]> => (await client.list(coreEvents, { namespace: 'default' })).items.map(({ metadata }) => metadata.name).toSorted();
    await write('old', 3_000_000);
    await write('young', 0);
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.advance(600_000);
    await eventually(async () => expect(await names()).toEqual(['young']));
    for (let count = 0; count < 10; count += 1) await write(`many-${count}`, 0);
    await eventually(async () => expect(await names()).toEqual(Array.from({ length: 9 }, (_, index) => `many-${index + 1}`)));
    stop.abort();
  });
});
