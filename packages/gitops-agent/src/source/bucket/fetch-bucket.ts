import { createHash } from 'node:crypto';
import { hashObject, type ParsedPack } from '@plinth/git';
import { mapConcurrently } from '../../kustomization/map-concurrently.ts';
import type { Artifact } from '../artifact-store.ts';
import { BucketError, type RemoteBucket } from './bucket-remotes.ts';
import { packContent, pathsOf } from './pack-content.ts';
import { MAX_AT_ONCE } from './open-s3-bucket.ts';
import type { BucketIndex } from './read-index.ts';

/** Which file of an artifact holds which version of which object. All of it can be lost. */
export interface BucketMemory {
  /** The artifact that it is about. */
  readonly commit: string | undefined;
  readonly files: ReadonlyMap<string, StoredFile>;
  readonly folders: ReadonlySet<string>;
}

export interface StoredFile {
  readonly etag: string;
  /** Id of the content. */
  readonly id: string;
}

/** The content of a bucket as git objects, without those that are in the artifact before. */
export interface FetchedBucket {
  readonly revision: string;
  readonly commit: string;
  readonly pack: ParsedPack;
  /** How many objects were downloaded. */
  readonly count: number;
  /** Keys that cannot be files. */
  readonly leftOut: readonly string[];
  /** What to remember when it has become the artifact. */
  readonly memory: BucketMemory;
}

export const emptyBucketMemory: BucketMemory = { commit: undefined, files: new Map(), folders: new Set() };

/** As often as an index is read anew because the bucket changed while it was read. */
const MAX_TRIES = 5;

/**
 * Reads what changed since `current`: an index, and the objects that it names and that are not here. A bucket has no snapshots,
 * so an object may be another one by the time that it is read; then the index is read anew. Undefined when the bucket is
 * at `current`. Errors: BucketError, also when it never holds still.
 */
export async function fetchBucket(remote: RemoteBucket, readIndex: () => Promise<BucketIndex>, current: Artifact | undefined, memory: BucketMemory, signal: AbortSignal): Promise<FetchedBucket | undefined> {
  const downloads = new Map<string, Buffer>();
  let known: BucketMemory | undefined;
  let files = new Map<string, StoredFile>();
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const index = await readIndex();
    if (index.revision === current?.revision) return undefined;
    if (!known) {
      known = !current ? emptyBucketMemory : memory.commit === current.commit ? memory : recall(current, index);
      files = new Map(known.files);
    }
    const { paths, leftOut } = pathsOf(index.objects.keys());
    const changed = paths.filter((key) => files.get(key)?.etag !== index.objects.get(key)!.etag);
    let isAsListed = true;
    await mapConcurrently(changed, MAX_AT_ONCE, async (key) => {
      const object = await remote.get(key, signal);
      if (object?.etag !== index.objects.get(key)!.etag) isAsListed = false;
      if (!object) return;
      const id = hashObject('blob', object.content);
      downloads.set(id, object.content);
      files.set(key, { etag: object.etag, id });
    });
    if (!isAsListed) continue;
    const wanted = new Map(paths.map((key) => [key, files.get(key)!]));
    const packed = await packContent(index.revision, wanted, downloads, known.folders, signal);
    return { revision: index.revision, commit: packed.commit, pack: packed.pack, count: changed.length, leftOut, memory: { commit: packed.commit, files: wanted, folders: packed.folders } };
  }
  throw new BucketError('BucketOperationFailed', `the bucket changed each of the ${MAX_TRIES} times that it was read, trying again`);
}

/** After a restart: a file whose MD5 is an object's ETag is that object. */
function recall({ reader, root, commit }: Artifact, { objects }: BucketIndex): BucketMemory {
  const files = new Map<string, StoredFile>();
  const folders = new Set<string>();
  const walk = (id: string, path: string): void => {
    folders.add(id);
    for (const entry of reader.folder(id)) {
      const key = `${path}${entry.name}`;
      const etag = objects.get(key)?.etag;
      if (entry.type === 'folder') walk(entry.id, `${key}/`);
      else if (etag && createHash('md5').update(reader.file(entry.id)).digest('hex') === etag) files.set(key, { etag, id: entry.id });
    }
  };
  walk(root, '');
  return { commit, files, folders };
}
