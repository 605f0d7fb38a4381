import { int64, object, string, stringMap, time, type Of } from '../schema/fields.ts';

/** What a source has for those who apply it. */
export const artifact = object(
  'The newest content that was fetched.',
  {
    path: string('Path of the archive in the storage.'),
    url: string('Address of the archive.'),
    revision: string('What it was made from: main@sha1:... of git, sha256:... of a bucket.'),
    digest: string('Checksum of the archive: sha256:...', { pattern: '^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$' }),
    lastUpdateTime: time('When it was made.'),
    size: int64('Size of the archive in bytes.'),
    metadata: stringMap('Further facts.'),
  },
  ['path', 'url', 'revision', 'lastUpdateTime'],
);
export interface Artifact extends Of<typeof artifact> {}
