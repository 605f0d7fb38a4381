import { GitRemoteError } from '../errors.ts';
import type { PacketReader } from '../protocol/pkt-line.ts';

/** Reads what comes beside messages. `remote`: what the server says to people meanwhile, such as why its hook refuses. */
export function readBands(reader: PacketReader): { readonly data: Buffer; readonly remote: string } {
  const parts: Buffer[] = [];
  let remote = '';
  for (let next = reader.next(); next?.type === 'data'; next = reader.next()) {
    if (next.data[0] === 1) parts.push(next.data.subarray(1));
    else if (next.data[0] === 2 && remote.length < maxRemoteText) remote += next.data.toString('utf8', 1, 1 + maxRemoteText);
    else if (next.data[0] === 3) throw new GitRemoteError('protocol', `the server says: ${next.data.toString('utf8', 1, 500).trim()}`);
  }
  return { data: Buffer.concat(parts), remote };
}

/** Most characters of what a server says to people that go into a reason. */
export const maxRemoteText = 500;
