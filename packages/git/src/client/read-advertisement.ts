import { GitFormatError } from '../errors.ts';
import { isObjectId } from '../objects/object.ts';
import { PacketReader } from '../protocol/pkt-line.ts';
import type { RemoteRef } from './remote-types.ts';
import { throwOnError } from './server-error.ts';

/** What a server said of itself. */
export interface Discovery {
  readonly version: 2 | 0;
  readonly capabilities: ReadonlyMap<string, string>;
  /** Version 0 tells the refs at once. */
  readonly refs: readonly RemoteRef[];
}

/** Reads what a server says before anything is asked of it: its version, what it can do, and in version 0 its refs. */
export function readAdvertisement(body: Buffer): Discovery {
  const reader = new PacketReader(body);
  let { lines } = reader.lines();
  if (lines[0]?.startsWith('# service=')) ({ lines } = reader.lines());
  throwOnError(lines[0]);
  if (lines[0] === 'version 2') return { version: 2, capabilities: words(lines.slice(1)), refs: [] };
  if (lines[0] === 'version 1') lines = lines.slice(1);
  const [head = '', tail = ''] = (lines[0] ?? '').split('\0');
  const capabilities = words(tail.split(' '));
  const symref = /(?:^| )symref=HEAD:(\S+)/.exec(tail)?.[1];
  const refs: RemoteRef[] = [];
  for (const line of [head, ...lines.slice(1)]) {
    const id = line.slice(0, 40);
    const name = line.slice(41);
    if (!isObjectId(id) || name === 'capabilities^{}' || line.startsWith('shallow ')) continue;
    const last = refs.at(-1);
    if (last && name === `${last.name}^{}`) refs[refs.length - 1] = { ...last, peeled: id };
    else refs.push({ name, id, ...(name === 'HEAD' && symref ? { symrefTarget: symref } : {}) });
  }
  return { version: 0, capabilities, refs };
}

function words(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(lines.filter((line) => line !== '').map((line) => [line.split('=')[0]!, line.includes('=') ? line.slice(line.indexOf('=') + 1) : '']));
}

/** A line of the answer to `ls-refs` (version 2). Throws a GitFormatError when it is none. */
export function parseRefLine(line: string): RemoteRef {
  const [id = '', name = '', ...attributes] = line.split(' ');
  if (!isObjectId(id) || name === '') throw new GitFormatError(`expected a ref, found ${JSON.stringify(line.slice(0, 100))}`);
  const value = (key: string): string | undefined => attributes.find((attribute) => attribute.startsWith(`${key}:`))?.slice(key.length + 1);
  const symrefTarget = value('symref-target');
  const peeled = value('peeled');
  return { name, id, ...(symrefTarget ? { symrefTarget } : {}), ...(peeled ? { peeled } : {}) };
}
