import { GitFormatError } from '../errors.ts';
import { PacketReader } from '../protocol/pkt-line.ts';
import type { PushOptions, PushOutcome } from './remote-types.ts';
import { maxRemoteText, readBands } from './side-band.ts';

/** What became of a push, of each ref in the order of the updates. Throws a GitFormatError when the server did not say. */
export function readReport(reply: Buffer, updates: PushOptions['updates'], inSideBand: boolean): readonly PushOutcome[] {
  const { data, remote } = inSideBand ? readBands(new PacketReader(reply)) : { data: reply, remote: '' };
  const { lines } = new PacketReader(data).lines();
  const unpack = lines[0] ?? '';
  if (!unpack.startsWith('unpack ')) throw new GitFormatError('the server did not report what became of the push');
  const said = remote.replaceAll(/[\p{Cc} ]+/gu, ' ').slice(0, maxRemoteText).trim();
  return updates.map(({ ref }) => {
    if (lines.includes(`ok ${ref}`)) return { ref, ok: true };
    const word = lines.find((line) => line.startsWith(`ng ${ref} `))?.slice(ref.length + 4) ?? 'not mentioned';
    const reason = unpack === 'unpack ok' ? word : `${word} (${unpack.slice('unpack '.length)})`;
    return { ref, ok: false, reason: said === '' ? reason : `${reason}: ${said}` };
  });
}
