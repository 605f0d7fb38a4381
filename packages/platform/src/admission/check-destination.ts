import { type BucketStateStore, bucketStateStores, type Destination, destinations, gitStateStores } from '@plinth/api';
import { fieldDuplicate, fieldRequired, type StatusCause, type UnstructuredObject } from '@plinth/apimachinery';
import type { Checking } from './platform-admission.ts';

/** What is wrong with a Destination: two of one store cannot share a path. Warns of a store that is not there (yet). */
export async function checkDestination(destination: Destination, { client, warn }: Checking): Promise<readonly StatusCause[]> {
  const { path, stateStoreRef } = destination.spec ?? {};
  const problems: StatusCause[] = [];
  if (!path) problems.push(fieldRequired('spec.path'));
  if (!stateStoreRef) problems.push(fieldRequired('spec.stateStoreRef'));
  if (problems.length > 0 || !client || !stateStoreRef) return problems;
  const { items: others } = await client.list<Destination>(destinations);
  const taken = others.find(
    (other) =>
      other.metadata.name !== destination.metadata.name &&
      other.spec?.stateStoreRef?.kind === stateStoreRef.kind &&
      other.spec?.stateStoreRef?.name === stateStoreRef.name &&
      cleanPath(other.spec?.path) === cleanPath(path),
  );
  if (taken) {
    const duplicate = fieldDuplicate('spec.path', path);
    return [{ ...duplicate, message: `${duplicate.message}: the Destination ${JSON.stringify(taken.metadata.name)} has this path on the same state store` }];
  }
  const kind = stateStoreRef.kind === 'BucketStateStore' ? bucketStateStores : gitStateStores;
  if (!(await client.find(kind, { name: stateStoreRef.name }))) warn(`the ${stateStoreRef.kind} ${JSON.stringify(stateStoreRef.name)} does not exist; the Destination becomes ready when it does`);
  return [];
}

/** The one value that Kratix fills in itself. Undefined: nothing to fill in. */
export function fillDestination(destination: Destination): UnstructuredObject | undefined {
  const filepath = destination.spec?.filepath;
  if (filepath?.mode !== 'aggregatedYAML' || filepath.filename) return undefined;
  return { ...destination, spec: { ...destination.spec, filepath: { ...filepath, filename: 'aggregated.yaml' } } } as unknown as UnstructuredObject;
}

/** An access key has to come from somewhere. */
export function checkBucketStateStore(store: BucketStateStore): readonly StatusCause[] {
  const { authMethod = 'accessKey', secretRef } = store.spec ?? {};
  if (authMethod !== 'accessKey') return [];
  return (['name', 'namespace'] as const).filter((field) => !secretRef?.[field]).map((field) => fieldRequired(`spec.secretRef.${field}`, 'authMethod accessKey needs a Secret'));
}

const cleanPath = (path = ''): string => path.split('/').filter((part) => part !== '' && part !== '.').join('/');
