import type { ListMeta, UnstructuredObject } from '@plinth/apimachinery';

/** Metadata alone: for clients that only need names, labels and owners. */
export const partial = (object: UnstructuredObject): UnstructuredObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
});

export const partialList = (objects: readonly UnstructuredObject[], metadata: ListMeta): unknown => ({
  kind: 'PartialObjectMetadataList',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
  items: objects.map(partial),
});
