import type { BucketStateStore, Destination } from '@plinth/api';
import { fieldDuplicate, fieldRequired, type StatusCause } from '@plinth/apimachinery';

/** What is wrong with a Destination. `others` are those that exist: two of one store cannot share a path. */
export function checkDestination(destination: Destination, others: readonly Destination[]): readonly StatusCause[] {
  const { path, stateStoreRef } = destination.spec ?? {};
  const problems: StatusCause[] = [];
  if (!path) problems.push(fieldRequired('spec.path'));
  if (!stateStoreRef) problems.push(fieldRequired('spec.stateStoreRef'));
  if (problems.length > 0) return problems;
  const taken = others.find(
    (other) =>
      other.metadata.name !== destination.metadata.name &&
      other.spec?.stateStoreRef?.kind === stateStoreRef?.kind &&
      other.spec?.stateStoreRef?.name === stateStoreRef?.name &&
      cleanPath(other.spec?.path) === cleanPath(path),
  );
  if (!taken) return [];
  const duplicate = fieldDuplicate('spec.path', path);
  return [{ ...duplicate, message: `${duplicate.message}: the Destination ${JSON.stringify(taken.metadata.name)} has this path on the same state store` }];
}

/** An access key has to come from somewhere. */
export function checkBucketStateStore(store: BucketStateStore): readonly StatusCause[] {
  const { authMethod = 'accessKey', secretRef } = store.spec ?? {};
  if (authMethod !== 'accessKey') return [];
  return (['name', 'namespace'] as const).filter((field) => !secretRef?.[field]).map((field) => fieldRequired(`spec.secretRef.${field}`, 'authMethod accessKey needs a Secret'));
}

const cleanPath = (path = ''): string => path.split('/').filter((part) => part !== '' && part !== '.').join('/');
