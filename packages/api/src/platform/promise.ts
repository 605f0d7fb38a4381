import type { UnstructuredObject } from '@plinth/apimachinery';
import { field, int64, list, object, oneOf, string, stringMap, time, type Of } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { atomicConditions } from '../schema/meta.ts';
import type { CustomResourceDefinition } from '../apiextensions/custom-resource-definition.ts';
import { platformCategories, platformGroup } from './group.ts';

const pipelines = (description: string) =>
  list(description, field<UnstructuredObject>({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }));

const workflowActions = (of: string) =>
  object(`Pipelines that run for ${of}.`, {
    configure: pipelines('Run when it is made or changed, one after the other.'),
    delete: pipelines('Run before it is deleted, one after the other.'),
  });

const destinationSelector = object('Chooses destinations.', {
  matchLabels: stringMap('Labels that the destination must have.'),
});

/** The spec of a Promise, which a PromiseRevision holds a copy of. */
export const promiseSpec = object('What the platform offers, and how it is made.', {
  api: field<CustomResourceDefinition>({
    type: 'object',
    description: 'The CustomResourceDefinition by which people ask; absent, null or empty for a Promise without an API.',
    nullable: true,
    'x-kubernetes-preserve-unknown-fields': true,
  }),
  dependencies: list(
    'Manifests that every matching destination gets before anybody asks.',
    field<UnstructuredObject>({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }),
  ),
  destinationSelectors: list('Which destinations serve. The entries are merged; the first wins.', destinationSelector),
  requiredPromises: list(
    'Promises that must be there.',
    object('A Promise.', { name: string('Name of the Promise.'), version: string('Its version; empty for any.') }),
  ),
  workflows: object('What runs when.', {
    config: object('Settings of all workflows.', {
      pipelineNamespace: string('Namespace in which all pipelines run.'),
      reconciliationInterval: string('How often the workflows run again, as a Go duration of at least 1m.'),
    }),
    promise: workflowActions('the Promise itself'),
    resource: workflowActions('each request'),
  }),
});
export interface PromiseSpec extends Of<typeof promiseSpec> {}

const pipelineState = {
  name: string('Name of the pipeline.'),
  phase: oneOf('State of its newest run.', ['Pending', 'Running', 'Succeeded', 'Failed', 'Suspended']),
  message: string('What the pipeline says.'),
  nextRetryAt: string('When it runs again.'),
  attempts: int64('How often it ran.'),
  lastTransitionTime: time('When the phase last changed.'),
};
const pipelineStatus = object('State of one pipeline.', pipelineState);
const keyedPipelines = (of: string) =>
  object(`State of the ${of} workflow.`, {
    pipelines: list('State of each pipeline.', object('State of one pipeline.', { ...pipelineState, hash: string('Of the specs that it ran with last.') })),
    suspendedGeneration: int64('The generation at which it was suspended.'),
  });
export interface PipelineStatus extends Of<typeof pipelineStatus> {}

const workflowRun = object('The run that was started last, or is about to be.', {
  number: int64('Counts the runs of the object.'),
  action: oneOf('What the workflow is for.', ['configure', 'delete']),
  hash: string('Of the specs that it runs with.'),
  pipeline: string('Name of its pipeline.'),
});
export interface WorkflowRun extends Of<typeof workflowRun> {}

const promiseStatus = object('What is known of the Promise.', {
  status: string('Available or Unavailable.'),
  kind: string('Kind to ask with.'),
  apiVersion: string('API version to ask with.'),
  version: string('Version of the Promise.'),
  message: string('What the workflows say.'),
  observedGeneration: int64('The generation that all requests have seen.'),
  workflows: int64('Number of configure pipelines of the Promise.', { default: 0 }),
  workflowsSucceeded: int64('How many of them succeeded.', { default: 0 }),
  workflowsFailed: int64('How many of them failed.', { default: 0 }),
  lastAvailableTime: time('When the Promise last became available.'),
  requiredPromises: list(
    'State of the required Promises.',
    object('A Promise.', { name: string('Name.'), version: string('Version.'), state: string('State.') }),
  ),
  requiredBy: list(
    'Promises that require this one.',
    object('A Promise.', {
      promise: object('Which.', { name: string('Name.'), version: string('Version.') }),
      requiredVersion: string('The version that it requires.'),
    }),
  ),
  kratix: object('The same values, apart from what workflows write.', {
    status: string('Available or Unavailable.'),
    kind: string('Kind to ask with.'),
    apiVersion: string('API version to ask with.'),
    version: string('Version of the Promise.'),
    lastAvailableTime: time('When the Promise last became available.'),
    replacedMessage: object('The message of the workflows, while another one says why the Promise is not ready.', { original: string('What they said.'), shown: string('What is shown.') }),
    workflows: object('State of the workflow.', {
      pipelines: list('State of each pipeline, of both workflows.', pipelineStatus),
      suspendedGeneration: int64('The generation at which it was suspended.'),
      run: workflowRun,
      configure: keyedPipelines('configure'),
      delete: keyedPipelines('delete'),
      lastSuccessfulConfigureWorkflowTime: string('When the workflow last succeeded.'),
    }),
  }),
  conditions: atomicConditions,
}, [], { required: ['workflows', 'workflowsSucceeded', 'workflowsFailed'] });
export interface PromiseStatus extends Of<typeof promiseStatus> {}

export const promises = customKind({
  ...platformGroup,
  kind: 'Promise',
  plural: 'promises',
  namespaced: false,
  description: 'A service that the platform offers: how to ask for it, and how it is made.',
  fields: { spec: promiseSpec, status: promiseStatus },
  categories: platformCategories,
  subresources: { status: true },
  columns: [
    { name: 'Status', type: 'string', description: 'Available or Unavailable.', jsonPath: '.status.status' },
    { name: 'Kind', type: 'string', description: 'Kind to ask with.', jsonPath: '.status.kind' },
    { name: 'API Version', type: 'string', description: 'API version to ask with.', jsonPath: '.status.apiVersion' },
    { name: 'Version', type: 'string', description: 'Version of the Promise.', jsonPath: '.status.version' },
    { name: 'Message', type: 'string', description: 'What the workflows say.', jsonPath: '.status.message' },
  ],
});
/** Kratix' Promise. Its name here avoids JavaScript's own. */
export interface PlatformPromise extends ObjectIn<typeof promises> {}
