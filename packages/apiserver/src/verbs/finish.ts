import { forbidden, invalid, isJsonObject, tooLarge, validateSchema, type StatusCause, type UnstructuredObject } from '@plinth/apimachinery';
import type { Entry } from '@plinth/object-store';
import type { AdmissionRequest } from '../admission/hook.ts';
import type { Core, RequestContext } from '../core.ts';
import type { Served } from '../registry/served.ts';
import type { Draft, StrategyContext } from '../registry/strategy.ts';
import { validateMetadata } from '../registry/validate-metadata.ts';
import { decode, encode, withVersion } from '../storage/codec.ts';
import { toServed } from './convert.ts';
import { cloneJson } from './intake.ts';
import type { WriteOptions } from './write-options.ts';

export const strategyContext = (core: Core, context: RequestContext, options: Pick<WriteOptions, 'dryRun'>, subresource?: string): StrategyContext => ({
  ...(subresource === undefined ? {} : { subresource }),
  user: context.user,
  dryRun: options.dryRun,
  now: new Date(core.now()),
  warn: (message) => context.warnings.add(message),
});

/**
 * Checks a draft and runs the admission hooks one after another; each sees what the one before it made. Hooks see only what
 * is valid by itself, so they need not check types; what they change is checked again.
 */
export async function admit(core: Core, served: Served, draft: Draft, request: Omit<AdmissionRequest, 'object' | 'warn' | 'resource'>, context: RequestContext): Promise<Draft> {
  const old = request.oldObject;
  validate(served, draft, old);
  let current = draft;
  for (const hook of core.admission) {
    const warn = (message: string): void => void context.warnings.add(message);
    const changed = await hook({ ...request, resource: served.kind, object: current, warn });
    if (changed && changed !== current) current = cloneJson(changed) as Draft;
  }
  if (current !== draft) validate(served, current, old);
  return current;
}

/** Errors: Invalid with every cause at once. A strategy sees only what its schema lets pass: fields are there, with their types. */
export function validate(served: Served, object: UnstructuredObject, old: UnstructuredObject | undefined): void {
  const causes: StatusCause[] = [...validateMetadata(served, object, old), ...validateSchema(object, served.kind.schema, '', old)];
  if (causes.length === 0) causes.push(...(served.strategy.validate?.(object, old) ?? []));
  if (causes.length > 0) throw invalid(served.kind, object.metadata.name ?? '', causes);
}

/** The largest object that the store takes. etcd takes 1.5 MiB per request; a Promise with many schemas needs more. */
export const MAX_OBJECT_BYTES = 3 * 1024 * 1024;

/** The bytes to store of an object in its storage version, or in one that differs from it in name alone. Errors: RequestEntityTooLarge. */
export function toBytes(served: Served, object: UnstructuredObject): Buffer {
  const shown = served.write ? served.write(object) : object.apiVersion === served.storageApiVersion ? object : { ...object, apiVersion: served.storageApiVersion };
  const value = encode(shown, served);
  if (value.byteLength > MAX_OBJECT_BYTES) throw tooLarge(`the object is too large: ${value.byteLength} bytes, the limit is ${MAX_OBJECT_BYTES}`);
  return value;
}

/**
 * What was just written, for who wrote it. Where a webhook would have to show it again, it is shown as it was before it was
 * stored: the write has happened, and its answer is not to fail.
 */
export function asWritten(served: Served, draft: Draft, entry: Pick<Entry, 'key' | 'value' | 'revision'>): UnstructuredObject {
  return served.convert && served.apiVersion !== served.storageApiVersion ? withVersion(draft, entry.revision) : toServed(served, decode(entry));
}

/** Nothing new comes into a namespace that is missing or on its way out. */
export function checkNamespace(core: Core, served: Served, namespace: string | undefined, name: string): void {
  if (!served.kind.namespaced || namespace === undefined) return;
  const found = core.namespace(namespace);
  if (!found) throw core.namespaceMissing(namespace);
  if (found.metadata.deletionTimestamp !== undefined) {
    const error = forbidden(served.kind, name, `unable to create new content in namespace ${namespace} because it is being terminated`);
    const causes: StatusCause[] = [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }];
    Object.assign(error.status.details ?? {}, { causes });
    throw error;
  }
}

/** Where a kind's generation counts its spec, whether anything but metadata and status differs. */
export function specDiffers(left: UnstructuredObject, right: UnstructuredObject, equal: (a: unknown, b: unknown) => boolean): boolean {
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) {
    if (key === 'metadata' || key === 'status' || key === 'apiVersion' || key === 'kind') continue;
    if (!equal(left[key], right[key])) return true;
  }
  return false;
}

export const asObject = (value: unknown): Readonly<Record<string, unknown>> => (isJsonObject(value) ? value : {});
