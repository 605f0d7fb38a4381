import { customResourceDefinitions, jobs, promiseRevisions, promises, type CustomResourceDefinition, type Job, type PlatformPromise, type PromiseRevision } from '@plinth/api';
import { isApiError, isNotFound, type StatusCause } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { DEFAULT_CONFIG } from '../config.ts';
import { LABELS } from '../naming/labels.ts';
import { apiOf, requestResource } from '../promise/api.ts';
import { requestCrd } from '../promise/request-crd.ts';
import { promiseWorkflow } from '../promise/workflow-of.ts';
import { workflowsOf } from '../promise/workflows.ts';
import { buildJob } from '../workflow/job.ts';
import { pipelineId, type Pipeline, type WorkflowAction, type WorkflowSubject, type WorkflowType } from '../workflow/pipeline.ts';
import type { Checking } from './platform-admission.ts';

/**
 * Asks the API server, in a dry run, whether it would take what a valid Promise makes: its CRD, and the Job of each of its
 * pipelines. Warns of required Promises that are not there.
 */
export async function tryPromise(promise: PlatformPromise, { client, warn }: Checking): Promise<readonly StatusCause[]> {
  if (!client) return [];
  const problems = [await tryCrd(promise, client), ...(await Promise.all(pipelinesOf(promise).map((found) => tryJob(promise, found, client))))];
  await warnOfRequirements(promise, client, warn);
  return problems.filter((problem) => problem !== undefined);
}

async function tryCrd(promise: PlatformPromise, client: Client): Promise<StatusCause | undefined> {
  const api = apiOf(promise);
  if (!api) return undefined;
  const wanted = requestCrd(promise.metadata.name, api);
  const existing = await client.find<CustomResourceDefinition>(customResourceDefinitions, { name: wanted.metadata.name });
  const owner = existing?.metadata.labels?.[LABELS.promiseName];
  const refuse = (message: string): StatusCause => ({ reason: 'FieldValueInvalid', field: 'spec.api', message });
  if (existing && owner !== promise.metadata.name) {
    return refuse(`invalid CRD: ${wanted.metadata.name} exists already and belongs to ${owner ? `the Promise ${JSON.stringify(owner)}` : 'no Promise'}`);
  }
  try {
    const tried = existing
      ? await client.update(customResourceDefinitions, { ...existing, spec: { ...existing.spec, versions: wanted.spec.versions } }, { dryRun: true })
      : await client.create(customResourceDefinitions, wanted, { dryRun: true });
    const taken = tried.status?.conditions?.find(({ type, status }) => type === 'NamesAccepted' && status === 'False');
    return taken && refuse(`invalid CRD: ${taken.reason}: ${taken.message}`);
  } catch (error) {
    // The controller changed it in this moment; what it wrote was checked like this.
    if (!isApiError(error) || error.status.reason === 'Conflict') return undefined;
    return refuse(`${existing ? 'invalid CRD changes' : 'invalid CRD'}: ${error.message}`);
  }
}

interface Found {
  readonly type: WorkflowType;
  readonly action: WorkflowAction;
  readonly index: number;
  readonly pipeline: Pipeline;
}

function pipelinesOf(promise: PlatformPromise): readonly Found[] {
  const workflows = workflowsOf(promise);
  return (['promise', 'resource'] as const).flatMap((type) =>
    (['configure', 'delete'] as const).flatMap((action) => workflows[type][action].map((pipeline, index) => ({ type, action, index, pipeline }))),
  );
}

async function tryJob(promise: PlatformPromise, { type, action, index, pipeline }: Found, client: Client): Promise<StatusCause | undefined> {
  const workflow = { ...promiseWorkflow(promise, action), ...(type === 'resource' ? { subject: exampleRequest(promise) } : {}), pipelines: [pipeline] };
  const built = buildJob(workflow, { pipeline, isLast: true, run: 1 }, DEFAULT_CONFIG);
  const { ownerReferences: _owner, ...metadata } = built.metadata as Job['metadata'];
  const job = { ...built, metadata } as unknown as Job;
  const name = pipelineId(promise.metadata.name, type, action, pipeline.metadata.name);
  try {
    await client.create(jobs, job, { dryRun: true });
    return undefined;
  } catch (error) {
    if (!isApiError(error) || error.status.reason === 'AlreadyExists') return undefined;
    const field = `spec.workflows.${type}.${action}[${index}]`;
    const why = isNotFound(error) ? `the namespace ${JSON.stringify(metadata.namespace)} of its Jobs does not exist` : error.message;
    return { reason: 'FieldValueInvalid', field, message: `invalid pipeline ${name}: ${why}` };
  }
}

/** A request as somebody may make it, in a namespace that is always there. */
function exampleRequest(promise: PlatformPromise): WorkflowSubject {
  const api = apiOf(promise);
  const { group, version, kind, plural } = api ? requestResource(api) : { group: 'none', version: 'v1', kind: 'None', plural: 'nones' };
  const pipelineNamespace = promise.spec?.workflows?.config?.pipelineNamespace;
  return {
    type: 'resource',
    promiseName: promise.metadata.name,
    apiVersion: `${group}/${version}`,
    kind,
    plural,
    name: 'example',
    namespace: 'default',
    uid: 'none',
    generation: 1,
    specHash: '',
    pipelineNamespace: pipelineNamespace || 'default',
    hasPipelineNamespace: Boolean(pipelineNamespace),
  };
}

async function warnOfRequirements(promise: PlatformPromise, client: Client, warn: (message: string) => void): Promise<void> {
  const required = promise.spec?.requiredPromises ?? [];
  if (required.length === 0) return;
  const { items: revisions } = await client.list<PromiseRevision>(promiseRevisions);
  for (const { name = '', version = '' } of required) {
    if (name === promise.metadata.name) warn(`the Promise ${JSON.stringify(name)} requires itself, so it will never be available`);
    else if (!(await client.find(promises, { name }))) warn(`the required Promise ${JSON.stringify(name)} is not installed; requests wait until it is`);
    else if (version !== '' && !revisions.some(({ spec }) => spec?.promiseRef.name === name && spec.version === version)) {
      warn(`the required Promise ${JSON.stringify(name)} is not installed at version ${JSON.stringify(version)}; requests wait until it is`);
    }
  }
}
