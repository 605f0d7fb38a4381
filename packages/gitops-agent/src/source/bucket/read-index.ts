import { createHash } from 'node:crypto';
import { ArtifactTooLarge, MAX_BYTES, MAX_FILES } from '../measure-folder.ts';
import { parseIgnore, type Ignore } from '../ignore.ts';
import { BucketError, type ListedObject, type RemoteBucket } from './bucket-remotes.ts';

/** What a bucket holds at one moment, as its listing says it. */
export interface BucketIndex {
  /** `sha256:<hex>` over all keys with their ETags. */
  readonly revision: string;
  readonly objects: ReadonlyMap<string, ListedObject>;
}

const IGNORE_FILE = '.sourceignore';

/** Lists a bucket. What `ignore` and the file `.sourceignore` name is left out, as are keys that stand for folders. */
export async function readIndex(remote: RemoteBucket, { prefix = '', ignore = '' }: { readonly prefix?: string | undefined; readonly ignore?: string | undefined }, signal: AbortSignal): Promise<BucketIndex> {
  const listed: ListedObject[] = [];
  for await (const page of remote.list(prefix, signal)) {
    listed.push(...page);
    // With room for what is ignored.
    if (listed.length > 2 * MAX_FILES) throw new ArtifactTooLarge(`the bucket holds more than ${2 * MAX_FILES} objects${prefix ? ` that begin with ${prefix}` : ': a prefix may help'}`);
  }
  const hasRules = prefix !== '' || listed.some(({ key }) => key === IGNORE_FILE);
  const own = hasRules ? (await remote.get(IGNORE_FILE, signal))?.content.toString('utf8').slice(0, 100_000) : '';
  const isIgnored = ignoringFolders(parseIgnore(`${own ?? ''}\n${ignore}`));
  const objects = new Map(listed.filter(({ key }) => !key.endsWith('/') && key !== IGNORE_FILE && !isIgnored(key)).map((object) => [object.key, object]));
  const bytes = [...objects.values()].reduce((sum, { size }) => sum + size, 0);
  if (objects.size > MAX_FILES || bytes > MAX_BYTES) throw new ArtifactTooLarge(`the bucket holds ${objects.size} objects with ${bytes} bytes: at most ${MAX_FILES} objects and ${MAX_BYTES} bytes can be taken`);
  if ([...objects.values()].some(({ etag }) => etag === '')) throw new BucketError('BucketOperationFailed', 'the server lists objects without ETags: what changed cannot be told');
  return { revision: revisionOf(objects.values()), objects };
}

/** Flux' revision of a bucket: SHA-256 over a line `key ETag` for each object, by key in bytewise order. */
export function revisionOf(objects: Iterable<Pick<ListedObject, 'key' | 'etag'>>): string {
  const hash = createHash('sha256');
  const sorted = [...objects].map(({ key, etag }) => ({ bytes: Buffer.from(key), etag })).sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  for (const { bytes, etag } of sorted) hash.update(bytes).update(` ${etag}\n`);
  return `sha256:${hash.digest('hex')}`;
}

/** What lies in a folder that is left out is left out, too. */
function ignoringFolders(ignore: Ignore): (key: string) => boolean {
  return (key) => {
    for (let end = key.indexOf('/'); end >= 0; end = key.indexOf('/', end + 1)) if (ignore(key.slice(0, end), true)) return true;
    return ignore(key, false);
  };
}
