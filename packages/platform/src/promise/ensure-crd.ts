import { customResourceDefinitions, type CustomResourceDefinition } from '@plinth/api';
import { deepEqual, isAlreadyExists, isJsonObject, keyOf } from '@plinth/apimachinery';
import { LABELS } from '../naming/labels.ts';
import { specHash } from '../naming/spec-hash.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { requestCrd } from './request-crd.ts';

/**
 * Makes the API server serve a Promise's API. Updates versions and conversion and leaves group, names and scope, which
 * cannot change. Returns the CRD as it stands.
 *
 * Errors: throws when a CRD of that name belongs to another Promise or to nobody we know.
 */
export async function ensureCrd({ client, informers }: PlatformContext, promiseName: string, api: CustomResourceDefinition): Promise<CustomResourceDefinition> {
  const wanted = requestCrd(promiseName, api);
  const hash = specHash(wanted.spec);
  const desired: CustomResourceDefinition = { ...wanted, metadata: { ...wanted.metadata, annotations: { ...wanted.metadata.annotations, [API_HASH]: hash } } };
  const existing = informers.crds.get(keyOf(desired));
  if (!existing) return create(client, desired, promiseName);
  if (existing.metadata.deletionTimestamp) return existing;
  if (existing.metadata.labels?.[LABELS.promiseName] !== promiseName) throw new Error(`the CRD ${desired.metadata.name} belongs to the Promise ${existing.metadata.labels?.[LABELS.promiseName]}`);
  // The hash sees what the author took away, the comparison what somebody changed by hand.
  if (existing.metadata.annotations?.[API_HASH] === hash && includes(existing.spec.versions, desired.spec.versions)) return existing;
  const { conversion, preserveUnknownFields } = desired.spec;
  return client.update(customResourceDefinitions, {
    ...existing,
    metadata: { ...existing.metadata, labels: { ...existing.metadata.labels, ...desired.metadata.labels }, annotations: { ...existing.metadata.annotations, ...desired.metadata.annotations } },
    spec: { ...existing.spec, versions: desired.spec.versions, conversion: conversion ?? { strategy: 'None' }, ...(preserveUnknownFields === undefined ? {} : { preserveUnknownFields }) },
  });
}

/** A CRD without our label is not in the cache: it may stand there all the same. */
async function create(client: PlatformContext['client'], desired: CustomResourceDefinition, promiseName: string): Promise<CustomResourceDefinition> {
  try {
    return await client.create(customResourceDefinitions, desired);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const found = await client.get<CustomResourceDefinition>(customResourceDefinitions, keyOf(desired));
    if (found.metadata.labels?.[LABELS.promiseName] === promiseName) return found;
    throw new Error(`the CRD ${desired.metadata.name}, which the Promise ${promiseName} would make, exists already and is not of this Promise`, { cause: error });
  }
}

/** Whether everything that is wanted is there, whatever a server filled in besides. */
function includes(have: unknown, want: unknown): boolean {
  if (Array.isArray(want)) return Array.isArray(have) ? have.length === want.length && want.every((item, index) => includes(have[index], item)) : want.length === 0 && have === undefined;
  if (!isJsonObject(want)) return deepEqual(have, want);
  if (!isJsonObject(have)) return Object.keys(want).length === 0 && have === undefined;
  return Object.entries(want).every(([key, value]) => value === undefined || includes(have[key], value));
}

const API_HASH = 'plinth.dev/api-hash';
