import type { CustomResourceDefinition, JsonSchema } from '@plinth/api';
import { LABELS } from '../naming/labels.ts';
import { storageVersion } from './api.ts';

/**
 * The CRD that the API server gets for a Promise's API: the author's, with the status that the platform writes, the
 * status subresource, a bound on the name, and the columns MESSAGE and STATUS unless the author has columns
 * (contract, section 2.3). Whatever status schema the author wrote is replaced; unknown status keys are kept.
 */
export function requestCrd(promiseName: string, api: CustomResourceDefinition): CustomResourceDefinition {
  const storage = storageVersion(api);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: api.metadata.name,
      labels: { ...api.metadata.labels, [LABELS.promiseName]: promiseName },
      ...(api.metadata.annotations ? { annotations: api.metadata.annotations } : {}),
    },
    spec: {
      ...api.spec,
      versions: api.spec.versions.map((version) => ({
        ...version,
        schema: { openAPIV3Schema: requestSchema(version.schema?.openAPIV3Schema ?? { type: 'object' }, version.name === storage) },
        subresources: { status: {} },
        additionalPrinterColumns: version.additionalPrinterColumns?.length ? version.additionalPrinterColumns : DEFAULT_COLUMNS,
      })),
    },
  };
}

function requestSchema(schema: JsonSchema, isStorage: boolean): JsonSchema {
  const { metadata, ...properties } = schema.properties ?? {};
  const ownName = metadata?.properties?.['name'];
  const name: JsonSchema = { ...ownName, type: 'string', maxLength: Math.min(MAX_NAME, ownName?.maxLength ?? MAX_NAME) };
  return {
    ...schema,
    properties: {
      ...properties,
      ...(isStorage ? { metadata: { ...metadata, type: 'object', properties: { ...metadata?.properties, name } } } : metadata ? { metadata } : {}),
      status: STATUS_SCHEMA,
    },
  };
}

/** Names of requests become values of labels. */
const MAX_NAME = 63;

const text: JsonSchema = { type: 'string' };
const integer: JsonSchema = { type: 'integer', format: 'int64' };
const dateTime: JsonSchema = { type: 'string', format: 'datetime' };

const pipelineStatuses = (more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema => ({
  type: 'array',
  items: { type: 'object', properties: { name: text, phase: text, message: text, nextRetryAt: text, attempts: integer, lastTransitionTime: dateTime, ...more } },
});

const keyedPipelines: JsonSchema = { type: 'object', properties: { pipelines: pipelineStatuses({ hash: text }), suspendedGeneration: integer } };

const STATUS_SCHEMA: JsonSchema = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
  properties: {
    message: text,
    observedGeneration: integer,
    workflows: integer,
    workflowsSucceeded: integer,
    workflowsFailed: integer,
    conditions: {
      type: 'array',
      items: { type: 'object', properties: { lastTransitionTime: dateTime, provedAt: dateTime, message: text, reason: text, status: text, type: text } },
    },
    kratix: {
      type: 'object',
      properties: {
        replacedMessage: { type: 'object', properties: { original: text, shown: text } },
        workflows: {
          type: 'object',
          properties: {
            lastSuccessfulConfigureWorkflowTime: text,
            suspendedGeneration: integer,
            run: { type: 'object', properties: { number: integer, action: text, hash: text, pipeline: text } },
            pipelines: pipelineStatuses(),
            configure: keyedPipelines,
            delete: keyedPipelines,
          },
        },
      },
    },
  },
};

const DEFAULT_COLUMNS = [
  { name: 'message', type: 'string', jsonPath: '.status.message' },
  { name: 'status', type: 'string', jsonPath: '.status.conditions[?(@.type=="Reconciled")].message' },
] as const;
