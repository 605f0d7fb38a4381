import type { ObjectId } from '../objects/object.ts';
import { lineOf, PacketReader } from '../protocol/pkt-line.ts';
import { throwOnError } from './server-error.ts';
import { readBands } from './side-band.ts';

/** What came for a fetch; `pack` is empty when there was nothing to send. */
export interface FetchAnswer {
  readonly pack: Buffer;
  /** Commits that came without their parents. */
  readonly shallow: readonly ObjectId[];
}

/** Reads the answer to version 2's command `fetch`. */
export function readFetchV2(reply: Buffer): FetchAnswer {
  const reader = new PacketReader(reply);
  const shallow: ObjectId[] = [];
  for (let next = reader.next(); next; next = reader.next()) {
    if (next.type !== 'data') continue;
    const section = lineOf(next.data);
    throwOnError(section);
    if (section === 'packfile') return { pack: readBands(reader).data, shallow };
    const { lines } = reader.lines();
    if (section === 'shallow-info') for (const line of lines) if (line.startsWith('shallow ')) shallow.push(line.slice(8));
  }
  return { pack: Buffer.alloc(0), shallow };
}

/** Reads the answer of version 0. `deepened`: it was asked for a depth; `inSideBand`: the pack comes beside messages. */
export function readFetchV0(reply: Buffer, deepened: boolean, inSideBand: boolean): FetchAnswer {
  const reader = new PacketReader(reply);
  const shallow = deepened ? reader.lines().lines.filter((line) => line.startsWith('shallow ')).map((line) => line.slice(8)) : [];
  for (let next = reader.next(); next; next = reader.next()) {
    if (next.type !== 'data') continue;
    const line = lineOf(next.data);
    throwOnError(line);
    // One last acknowledgement, and the pack begins.
    if (line === 'NAK' || /^ACK [0-9a-f]{40}$/.test(line)) return { pack: inSideBand ? readBands(reader).data : Buffer.from(reader.rest()), shallow };
  }
  return { pack: Buffer.alloc(0), shallow };
}
