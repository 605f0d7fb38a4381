import type { Bucket, GitRepository } from '@plinth/api';
import type { ObjectKey } from '@plinth/apimachinery';
import type { ArtifactStore } from './artifact-store.ts';

/** Where manifests come from. */
export type Source = GitRepository | Bucket;

/** The sources of one kind: what is wanted, and what was fetched. */
export interface Sources {
  /** Plural and group, for messages. */
  readonly resource: string;
  get(key: ObjectKey): Source | undefined;
  readonly store: ArtifactStore;
}

/** By the kind of source; undefined for kinds that this agent does not know. */
export type FindSources = (kind: string) => Sources | undefined;
