import type { PlatformPromise } from '@plinth/api';
import { fieldForbidden, fieldInvalid, fieldRequired, isDns1123Subdomain, isJsonObject, isLabelValue, type StatusCause } from '@plinth/apimachinery';
import { ANNOTATIONS } from '../naming/labels.ts';
import { apiOf } from '../promise/api.ts';
import { workflowsOf } from '../promise/workflows.ts';
import { checkApi } from './check-api.ts';
import { checkInterval } from './check-interval.ts';

/**
 * What is wrong with a Promise that somebody applies (contract, section 8.4): an API that is no valid CRD, pipelines that
 * cannot be decoded, names that something made from them could not carry, intervals, and changes of what cannot change.
 */
export function checkPromise(promise: PlatformPromise, old: PlatformPromise | undefined): readonly StatusCause[] {
  const problems: StatusCause[] = [];
  const { name } = promise.metadata;
  if (name) {
    // The name becomes the value of a label on everything that the Promise makes.
    for (const why of new Set([...isDns1123Subdomain(name), ...isLabelValue(name)])) problems.push(fieldInvalid('metadata.name', name, why));
  }
  const api = apiOf(promise);
  if (api) problems.push(...checkApi(api, 'spec.api'));
  problems.push(...workflowsOf(promise).problems);
  problems.push(...checkDependencies(promise.spec?.dependencies));

  const interval = promise.spec?.workflows?.config?.reconciliationInterval;
  if (interval !== undefined) problems.push(...checkInterval(interval, 'spec.workflows.config.reconciliationInterval'));
  problems.push(...checkPromiseAnnotations(promise, old));
  if (old) problems.push(...checkUnchanged(promise, old));
  return problems;
}

/** What of a Promise's annotations somebody has just written. */
export function checkPromiseAnnotations(promise: PlatformPromise, old: PlatformPromise | undefined): readonly StatusCause[] {
  const interval = promise.metadata.annotations?.[ANNOTATIONS.reconciliationInterval];
  if (interval === undefined || interval === old?.metadata.annotations?.[ANNOTATIONS.reconciliationInterval]) return [];
  return checkInterval(interval, `metadata.annotations[${ANNOTATIONS.reconciliationInterval}]`);
}

/** One manifest without a kind would keep a GitOps agent from applying all the others. */
function checkDependencies(dependencies: unknown): readonly StatusCause[] {
  // Anything but a list is the schema's to refuse.
  if (!Array.isArray(dependencies)) return [];
  return dependencies.flatMap((dependency: unknown, index) => {
    const path = `spec.dependencies[${index}]`;
    if (!isJsonObject(dependency)) return [fieldInvalid(path, dependency, 'must be an object')];
    return ['apiVersion', 'kind'].filter((field) => typeof dependency[field] !== 'string' || dependency[field] === '').map((field) => fieldRequired(`${path}.${field}`));
  });
}

/** Requests exist under these names. */
function checkUnchanged(promise: PlatformPromise, old: PlatformPromise): readonly StatusCause[] {
  const before = apiOf(old);
  if (!before) return [];
  const after = apiOf(promise);
  if (!after) return [fieldForbidden('spec.api', 'the API of a Promise cannot be removed')];
  const values = (api: typeof before): Readonly<Record<string, unknown>> => ({
    'metadata.name': api.metadata?.name,
    kind: api.kind,
    apiVersion: api.apiVersion,
    'spec.group': api.spec?.group,
    'spec.names': JSON.stringify(Object.entries(api.spec?.names ?? {}).sort()),
  });
  const [was, is] = [values(before), values(after)];
  return Object.keys(was).filter((path) => was[path] !== is[path]).map((path) => fieldInvalid(`spec.api.${path}`, path === 'spec.names' ? after.spec?.names : is[path], 'field is immutable'));
}
