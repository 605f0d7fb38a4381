import { pods, type JsonSchema } from '@plinth/api';
import { applyDefaults, childPath, fieldDuplicate, fieldInvalid, fieldNotSupported, fieldRequired, indexPath, isDns1123Label, isJsonObject, isLabelValue, isQualifiedName, keyPath, pruneUnknown, type StatusCause, validateSchema } from '@plinth/apimachinery';
import { PLATFORM_API_VERSION } from '../naming/constants.ts';
import { type Pipeline, pipelineId, type WorkflowAction, type WorkflowType } from './pipeline.ts';

export type Decoded = { readonly pipelines: readonly Pipeline[]; readonly problems: readonly [] } | { readonly pipelines: undefined; readonly problems: readonly StatusCause[] };

/**
 * The pipelines of one workflow (`spec.workflows.<type>.<action>`), strictly decoded: unknown fields, wrong types, a
 * name given twice and names that no object could carry are problems, each with its path.
 */
export function decodePipelines(value: unknown, path: string, promiseName: string, type: WorkflowType, action: WorkflowAction): Decoded {
  if (value === undefined || value === null) return { pipelines: [], problems: [] };
  if (!Array.isArray(value)) return { pipelines: undefined, problems: [fieldInvalid(path, value, 'must be a list of pipelines')] };
  const problems: StatusCause[] = [];
  const names = new Set<string>();
  for (const [index, item] of value.entries()) {
    const at = indexPath(path, index);
    const found = checkPipeline(item, at, promiseName, type, action);
    problems.push(...found);
    const name = nameOf(item);
    if (found.length === 0 && names.has(name)) problems.push(fieldDuplicate(`${at}.metadata.name`, name));
    names.add(name);
  }
  return problems.length > 0 ? { pipelines: undefined, problems } : { pipelines: value as Pipeline[], problems: [] };
}

function checkPipeline(item: unknown, path: string, promiseName: string, type: WorkflowType, action: WorkflowAction): readonly StatusCause[] {
  if (!isJsonObject(item)) return [fieldInvalid(path, item, 'must be a Pipeline')];
  if (item['kind'] !== 'Pipeline') return [fieldNotSupported(`${path}.kind`, item['kind'] ?? '', ['Pipeline'])];
  if (item['apiVersion'] !== PLATFORM_API_VERSION) return [fieldNotSupported(`${path}.apiVersion`, item['apiVersion'] ?? '', [PLATFORM_API_VERSION])];
  // A null is an absent field, as in Kubernetes.
  const plain = applyDefaults(item, PIPELINE_SCHEMA);
  const problems = [
    ...pruneUnknown(plain, PIPELINE_SCHEMA, { path }).unknown.map((field): StatusCause => ({ reason: 'FieldValueInvalid', message: 'Invalid value: unknown field', field })),
    ...validateSchema(plain, PIPELINE_SCHEMA, path),
  ];
  if (problems.length > 0) return problems;
  const pipeline = item as unknown as Pipeline;
  const { name, labels } = pipeline.metadata;
  for (const why of isDns1123Label(name)) problems.push(fieldInvalid(`${path}.metadata.name`, name, why));
  const id = pipelineId(promiseName, type, action, name);
  if (id.length > MAX_ID) {
    problems.push(fieldInvalid(`${path}.metadata.name`, name, `the name of its objects, ${id}, is ${id.length} characters long; it must be no more than ${MAX_ID}`));
  }
  for (const [key, value] of Object.entries(labels ?? {})) {
    const at = keyPath(`${path}.metadata.labels`, key);
    for (const why of isQualifiedName(key)) problems.push(fieldInvalid(at, key, why));
    for (const why of isLabelValue(value)) problems.push(fieldInvalid(at, value, why));
  }
  if (pipeline.spec.containers.length === 0) problems.push(fieldRequired(childPath(path, 'spec.containers'), 'a pipeline needs a container'));
  const seen = new Set<string>(RESERVED_NAMES);
  for (const [index, container] of pipeline.spec.containers.entries()) {
    const at = `${path}.spec.containers[${index}]`;
    for (const why of isDns1123Label(container.name)) problems.push(fieldInvalid(`${at}.name`, container.name, why));
    if (seen.has(container.name)) problems.push(fieldDuplicate(`${at}.name`, container.name));
    seen.add(container.name);
    if (container.image.trim() === '') problems.push(fieldRequired(`${at}.image`));
  }
  return problems;
}

function nameOf(item: unknown): string {
  const metadata = isJsonObject(item) ? item['metadata'] : undefined;
  const name = isJsonObject(metadata) ? metadata['name'] : undefined;
  return typeof name === 'string' ? name : '';
}

/** `<promise>-<type>-<action>-<pipeline>` names ServiceAccounts and roles (contract, section 3.5). */
const MAX_ID = 60;
/** The containers that the platform adds. */
const RESERVED_NAMES = ['reader', 'work-writer', 'status-writer'];

const podSpec = pods.schema.properties!['spec']!.properties!;
const container = podSpec['containers']!.items!.properties!;
/** Kratix decodes all of them and looks at four; tools write `creationTimestamp: null`, say. */
const objectMeta = pods.schema.properties!['metadata']!.properties!;
const text: JsonSchema = { type: 'string' };
const texts: JsonSchema = { type: 'array', items: text };
const textMap: JsonSchema = { type: 'object', additionalProperties: text };

/** Section 3.1 of the contract. Kratix's containers have ten of Kubernetes' fields; `workingDir`, say, is refused. */
const PIPELINE_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['apiVersion', 'kind', 'metadata', 'spec'],
  properties: {
    apiVersion: text,
    kind: text,
    metadata: { type: 'object', required: ['name'], properties: objectMeta },
    spec: {
      type: 'object',
      required: ['containers'],
      properties: {
        containers: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name', 'image'],
            properties: Object.fromEntries(
              ['name', 'image', 'args', 'command', 'env', 'envFrom', 'volumeMounts', 'imagePullPolicy', 'securityContext', 'resources'].map((name) => [name, container[name]!]),
            ),
          },
        },
        volumes: podSpec['volumes']!,
        imagePullSecrets: podSpec['imagePullSecrets']!,
        jobOptions: { type: 'object', properties: { backoffLimit: { type: 'integer', minimum: 0 }, activeDeadlineSeconds: { type: 'integer', minimum: 1 } } },
        restartPolicy: { type: 'string', enum: ['OnFailure', 'Never'] },
        nodeSelector: textMap,
        tolerations: podSpec['tolerations']!,
        rbac: {
          type: 'object',
          properties: {
            serviceAccount: text,
            permissions: {
              type: 'array',
              items: {
                type: 'object',
                required: ['verbs'],
                properties: { resourceNamespace: text, apiGroups: texts, resources: texts, resourceNames: texts, nonResourceURLs: texts, verbs: texts },
              },
            },
          },
        },
      },
    },
  },
};
