import { internalError, notFound, type UnstructuredObject } from '@plinth/apimachinery';
import type { Core } from '../core.ts';
import { objectKey, type Served } from '../registry/served.ts';
import { DamagedValueError, decode } from '../storage/codec.ts';
import { toServed } from './convert.ts';
import { queryVersion, tooLarge } from './version-error.ts';

/** One object as it is now. Errors: NotFound. */
export function get(core: Core, served: Served, namespace: string | undefined, name: string, query?: URLSearchParams): UnstructuredObject {
  const version = query && queryVersion(query);
  if (version !== undefined && version > core.store.revision) throw tooLarge(version, core.store.revision);
  const entry = core.store.get(objectKey(served, namespace, name));
  if (!entry) throw notFound(served.kind, name);
  try {
    return toServed(served, decode(entry));
  } catch (error) {
    if (!(error instanceof DamagedValueError)) throw error;
    core.log('error', 'stored value is damaged', { key: error.key, err: error });
    throw internalError(`the stored ${served.kind.kind} "${name}" is damaged and cannot be read; delete it and create it again`, error);
  }
}
