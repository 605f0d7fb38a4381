import type { Destination, WorkPlacement } from '@plinth/api';
import { keyOf, keyString } from '@plinth/apimachinery';
import { aggregateChange, type StateStoreError, type StateStoreWriter, type WriteOutcome } from '@plinth/state-store';
import { layoutOf, workloadsOf } from './apply.ts';

interface Aggregate {
  readonly outcome: WriteOutcome;
  /** What could not be taken in, by `namespace/name`. */
  readonly refused: ReadonlyMap<string, StateStoreError>;
}

/**
 * Writes the one file of an `aggregatedYAML` Destination, which holds what all its placements have: however many placements
 * ask while a write is under way, there is one more after it. (A write for each would decompress everything for each.)
 */
export class AggregateWrites {
  /** Writes that have not looked at the placements yet, by Destination. */
  readonly #coming = new Map<string, Promise<Aggregate>>();
  readonly #last = new Map<string, Promise<unknown>>();

  /**
   * `neighbours` tells the Destination's placements at the time of the write. The outcome is that of `placement`: one that cannot be
   * decoded fails alone, and the file is without it.
   */
  async write(writer: StateStoreWriter, placement: WorkPlacement, destination: Destination, neighbours: () => readonly WorkPlacement[], signal: AbortSignal): Promise<WriteOutcome> {
    const { name } = destination.metadata;
    let coming = this.#coming.get(name);
    if (!coming) {
      const write = async (): Promise<Aggregate> => {
        this.#coming.delete(name);
        const standing = neighbours().filter(({ metadata }) => !metadata.deletionTimestamp);
        const { change, refused } = aggregateChange(
          layoutOf(destination),
          placement.metadata.name,
          standing.map((one) => ({ id: keyString(keyOf(one)), name: one.metadata.name, workloads: workloadsOf(one) })),
        );
        return { outcome: await writer.write(change, { signal }), refused };
      };
      coming = (this.#last.get(name) ?? Promise.resolve()).then(write);
      this.#coming.set(name, coming);
      const last = coming.catch(() => {}).then(() => {
        if (this.#last.get(name) === last) this.#last.delete(name);
      });
      this.#last.set(name, last);
    }
    const { outcome, refused } = await coming;
    const own = placement.metadata.deletionTimestamp ? undefined : refused.get(keyString(keyOf(placement)));
    return own && outcome.outcome !== 'failed' ? { outcome: 'failed', error: own } : outcome;
  }
}
