import type { KubeObject } from '@plinth/apimachinery';
import { parseApiVersion } from '@plinth/apimachinery';
import type { PlatformConfig } from '../config.ts';
import { PLATFORM_GROUP, PLATFORM_VERSION } from '../naming/constants.ts';
import { OBJECT_GENERATION, OBJECT_HASH } from '../adapter/subject.ts';
import { ANNOTATIONS, LABELS, MANAGED_BY } from '../naming/labels.ts';
import { md5hex, stableName, trimName } from '../naming/stable-name.ts';
import { type Pipeline, pipelineId, type Workflow } from './pipeline.ts';

type Json = Readonly<Record<string, unknown>>;

/** One run of one pipeline. */
export interface RunIdentity {
  readonly pipeline: Pipeline;
  readonly isLast: boolean;
  /** Counts the Jobs of the object, so that it is known which one is the newest. */
  readonly run: number;
  /** Above 0: which other name to take, because the first is taken by another run. */
  readonly salt?: number;
}

/**
 * The Job that runs a pipeline, with the containers, mounts and environment of Kratix (contract, sections 3.3 and 3.4).
 *
 * Its name ends in five characters that Kratix draws at random. Here they follow from object, hash and run number, so
 * that starting the same run twice ends in AlreadyExists rather than in two Jobs.
 */
export function buildJob(workflow: Workflow, identity: RunIdentity, config: PlatformConfig): KubeObject & { readonly spec: Json } {
  const { subject, action } = workflow;
  const { pipeline, run } = identity;
  const labels = runLabels(workflow, pipeline);
  const activeDeadlineSeconds = pipeline.spec.jobOptions?.activeDeadlineSeconds ?? config.activeDeadlineSeconds;
  const foreign = subject.namespace !== undefined && subject.namespace !== subject.pipelineNamespace;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(workflow, identity),
      namespace: subject.pipelineNamespace,
      labels,
      annotations: {
        [ANNOTATIONS.jobResourceNamespace]: subject.namespace ?? '',
        [ANNOTATIONS.jobResourceName]: subject.name,
        [ANNOTATIONS.jobResourceKind]: subject.kind,
        [ANNOTATIONS.jobResourceApiVersion]: subject.apiVersion,
        [ANNOTATIONS.run]: String(run),
        [ANNOTATIONS.generation]: String(subject.generation),
        ...subject.trace,
      },
      ...(foreign
        ? {}
        : {
            ownerReferences: [
              {
                apiVersion: subject.apiVersion,
                kind: subject.kind,
                name: subject.name,
                uid: subject.uid,
                ...(subject.type === 'promise' ? { controller: true, blockOwnerDeletion: true } : {}),
              },
            ],
          }),
    },
    spec: {
      backoffLimit: pipeline.spec.jobOptions?.backoffLimit ?? config.backoffLimit,
      ...(activeDeadlineSeconds > 0 ? { activeDeadlineSeconds } : {}),
      template: {
        metadata: {
          labels,
          ...(pipeline.metadata.annotations || subject.trace ? { annotations: { ...pipeline.metadata.annotations, ...subject.trace } } : {}),
        },
        spec: podSpec(workflow, identity, config, action),
      },
    },
  };
}

/** The labels by which a run's Job and Pod are found, and by which admission knows what the Pod may write: no label of an author takes their place. */
export function runLabels({ subject, action, hash }: Workflow, pipeline: Pipeline): Readonly<Record<string, string>> {
  return {
    ...pipeline.metadata.labels,
    [LABELS.promiseName]: subject.promiseName,
    [LABELS.workflowType]: subject.type,
    [LABELS.workflowAction]: action,
    [LABELS.pipelineName]: pipeline.metadata.name,
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.hash]: hash,
    ...(subject.type === 'resource' ? { [LABELS.resourceName]: subject.name } : {}),
    ...(subject.type === 'resource' && subject.hasPipelineNamespace ? { [LABELS.resourceNamespace]: subject.namespace ?? '' } : {}),
  };
}

function jobName({ subject, action, hash }: Workflow, { pipeline, run, salt = 0 }: RunIdentity): string {
  const parts = [
    'kratix',
    subject.promiseName,
    ...(subject.type === 'resource' ? [subject.name] : []),
    ...(subject.type === 'resource' && subject.hasPipelineNamespace ? [subject.namespace ?? ''] : []),
    pipeline.metadata.name,
  ];
  return `${trimName(parts.join('-'))}-${md5hex([subject.uid, action, pipeline.metadata.name, hash, run].join('/')).slice(salt * 5, salt * 5 + 5)}`;
}

function podSpec(workflow: Workflow, identity: RunIdentity, config: PlatformConfig, action: Workflow['action']): Json {
  const { subject } = workflow;
  const { pipeline, isLast } = identity;
  const env = workflowEnv(workflow, pipeline);
  const generation = { name: OBJECT_GENERATION, value: String(subject.generation) };
  const adapter = (name: string, args: readonly string[], rest: Json): Json => ({
    name,
    image: config.adapterImage,
    command: ['/bin/pipeline-adapter'],
    args,
    ...(config.imagePullPolicy ? { imagePullPolicy: config.imagePullPolicy } : {}),
    resources: config.resources,
    securityContext: ADAPTER_SECURITY,
    terminationMessagePolicy: LAST_WORDS,
    ...rest,
  });
  const reader = adapter('reader', ['reader'], {
    env: [...env, generation, { name: OBJECT_HASH, value: subject.specHash }],
    volumeMounts: [mount('shared-input', '/kratix/input'), mount('shared-output', '/kratix/output')],
  });
  const authors = pipeline.spec.containers.map((container) => ({
    resources: config.resources,
    ...(config.imagePullPolicy ? { imagePullPolicy: config.imagePullPolicy } : {}),
    ...(config.containerSecurityContext ? { securityContext: config.containerSecurityContext } : {}),
    terminationMessagePolicy: LAST_WORDS,
    ...container,
    env: [...env, ...(container.env ?? [])],
    volumeMounts: [mount('shared-input', '/kratix/input', true), mount('shared-output', '/kratix/output'), mount('shared-metadata', '/kratix/metadata'), ...(container.volumeMounts ?? [])],
  }));
  const writer = adapter('work-writer', workWriterArgs(workflow, identity), {
    env: [
      { name: 'KRATIX_TRACE_PARENT', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['kratix.io/trace-parent']" } } },
      { name: 'KRATIX_TRACE_STATE', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['kratix.io/trace-state']" } } },
      ...(subject.isDryRun ? [{ name: 'KRATIX_DRY_RUN', value: 'true' }] : []),
    ],
    volumeMounts: [
      mount('shared-output', '/work-creator-files/input'),
      mount('shared-metadata', '/work-creator-files/metadata'),
      mount('promise-scheduling', '/work-creator-files/kratix-system'),
    ],
  });
  const status = adapter('status-writer', ['update-status'], {
    env: [{ name: 'IS_LAST_PIPELINE', value: String(isLast) }, ...env, generation],
    volumeMounts: [mount('shared-metadata', '/work-creator-files/metadata')],
  });
  const configure = action === 'configure';
  const pullSecrets = [...(config.adapterPullSecret ? [{ name: config.adapterPullSecret }] : []), ...(pipeline.spec.imagePullSecrets ?? [])];
  return {
    serviceAccountName: serviceAccountOf(workflow, pipeline),
    restartPolicy: pipeline.spec.restartPolicy ?? 'OnFailure',
    initContainers: [reader, ...authors, ...(configure ? [writer] : [])],
    containers: [status],
    ...(pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets } : {}),
    ...(pipeline.spec.nodeSelector ? { nodeSelector: pipeline.spec.nodeSelector } : {}),
    ...(pipeline.spec.tolerations ? { tolerations: pipeline.spec.tolerations } : {}),
    volumes: [
      { name: 'shared-input', emptyDir: {} },
      { name: 'shared-output', emptyDir: {} },
      { name: 'shared-metadata', emptyDir: {} },
      ...(configure
        ? [
            {
              name: 'promise-scheduling',
              configMap: {
                name: schedulingConfigMapName(workflow),
                items: [{ key: 'destinationSelectors', path: 'promise-scheduling' }],
              },
            },
          ]
        : []),
      ...(pipeline.spec.volumes ?? []),
    ],
  };
}

/** The environment that every container but the work-writer begins with. */
function workflowEnv({ subject, action }: Workflow, pipeline: Pipeline): readonly { readonly name: string; readonly value: string }[] {
  const { group, version } = subject.type === 'promise' ? { group: PLATFORM_GROUP, version: PLATFORM_VERSION } : parseApiVersion(subject.apiVersion);
  return Object.entries({
    KRATIX_WORKFLOW_ACTION: action,
    KRATIX_WORKFLOW_TYPE: subject.type,
    KRATIX_PROMISE_NAME: subject.promiseName,
    KRATIX_PIPELINE_NAME: pipeline.metadata.name,
    KRATIX_OBJECT_KIND: subject.kind,
    KRATIX_OBJECT_GROUP: group,
    KRATIX_OBJECT_VERSION: version,
    KRATIX_OBJECT_NAME: subject.name,
    KRATIX_OBJECT_NAMESPACE: subject.namespace ?? '',
    KRATIX_CRD_PLURAL: subject.plural,
    KRATIX_CLUSTER_SCOPED: String(subject.type === 'promise'),
    ...(subject.isDryRun ? { KRATIX_DRY_RUN: 'true' } : {}),
  }).map(([name, value]) => ({ name, value }));
}

function workWriterArgs(workflow: Workflow, identity: RunIdentity): readonly string[] {
  const { subject } = workflow;
  return [
    'work-creator',
    '--input-directory',
    '/work-creator-files',
    '--promise-name',
    subject.promiseName,
    '--pipeline-name',
    identity.pipeline.metadata.name,
    '--namespace',
    subject.pipelineNamespace,
    '--workflow-type',
    subject.type,
    ...(subject.type === 'resource' ? ['--resource-name', subject.name] : []),
    ...(subject.type === 'resource' && subject.hasPipelineNamespace ? ['--resource-namespace', subject.namespace ?? ''] : []),
    '--job-name',
    jobName(workflow, identity),
  ];
}

/**
 * The name of what belongs to one pipeline. Requests that are bound to a version, and not to the latest, have objects of
 * their own: what one version allows and another does not never meets in one role.
 */
export function idOf({ subject, action, version }: Workflow, pipeline: Pipeline): string {
  const id = pipelineId(subject.promiseName, subject.type, action, pipeline.metadata.name);
  return version === undefined ? id : stableName(id, id, version);
}

export const serviceAccountOf = (workflow: Workflow, pipeline: Pipeline): string => pipeline.spec.rbac?.serviceAccount ?? idOf(workflow, pipeline);

/** The ConfigMap that carries the destination selectors to the work-writer: those of the Promise, or of the version. */
export function schedulingConfigMapName({ subject, version }: Workflow): string {
  const name = `destination-selectors-${subject.promiseName}`;
  return version === undefined ? name : stableName(name, name, version);
}

const mount = (name: string, mountPath: string, readOnly = false): Json => ({ name, mountPath, ...(readOnly ? { readOnly } : {}) });

/** The end of the log of a container that failed becomes its termination message, from where the condition quotes it. */
const LAST_WORDS = 'FallbackToLogsOnError';

const ADAPTER_SECURITY = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  privileged: false,
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
