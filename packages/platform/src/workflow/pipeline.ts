/** What a workflow belongs to and when it runs. */
export type WorkflowType = 'promise' | 'resource';
export type WorkflowAction = 'configure' | 'delete';

type Json = Readonly<Record<string, unknown>>;

/** A container that a Promise's author wrote, as far as the platform looks into it. */
export interface PipelineContainer {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly Json[];
  readonly envFrom?: readonly Json[];
  readonly volumeMounts?: readonly Json[];
  readonly imagePullPolicy?: string;
  readonly securityContext?: Json;
  readonly resources?: Json;
}

/** A rule of RBAC that the pipeline needs, and where. */
export interface PipelinePermission {
  /** Empty: the pipeline's namespace. `*`: every namespace. */
  readonly resourceNamespace?: string;
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/**
 * One Job of a workflow, as a Promise declares it (`kind: Pipeline`; the API server knows no such kind). Source:
 * contract, section 3.1.
 */
export interface Pipeline {
  readonly apiVersion: string;
  readonly kind: 'Pipeline';
  readonly metadata: {
    readonly name: string;
    /** Of the Job and the Pod, beside those that the platform sets. */
    readonly labels?: Readonly<Record<string, string>>;
    /** Of the Pod. */
    readonly annotations?: Readonly<Record<string, string>>;
    readonly namespace?: string;
  };
  readonly spec: {
    readonly containers: readonly PipelineContainer[];
    readonly volumes?: readonly Json[];
    readonly imagePullSecrets?: readonly { readonly name?: string }[];
    readonly jobOptions?: {
      readonly backoffLimit?: number;
      /** Ours: seconds after which a run is failed. */
      readonly activeDeadlineSeconds?: number;
    };
    readonly restartPolicy?: 'OnFailure' | 'Never';
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly Json[];
    readonly rbac?: {
      readonly serviceAccount?: string;
      readonly permissions?: readonly PipelinePermission[];
    };
  };
}

/** What a workflow runs for: a Promise or a request, with what its Job and its containers have to know of it. */
export interface WorkflowSubject {
  readonly type: WorkflowType;
  readonly promiseName: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly name: string;
  /** Absent for Promises. */
  readonly namespace?: string;
  readonly uid: string;
  /** Of the object as it is when the run is decided; its steps are to see no other. */
  readonly generation: number;
  /** Hash of its spec, see `specHash`. */
  readonly specHash: string;
  /** Where the Jobs run. */
  readonly pipelineNamespace: string;
  /** Whether the Promise fixes `pipelineNamespace`; names and labels then say the request's namespace too. */
  readonly hasPipelineNamespace: boolean;
  /** The request carries the dry-run label: its Works are only to be looked at. */
  readonly isDryRun?: boolean;
  /** Annotations with which its trace goes on in Job and Pod. */
  readonly trace?: Readonly<Record<string, string>>;
}

/** One workflow of a Promise: its pipelines, in order, for one type and action. */
export interface Workflow {
  readonly subject: WorkflowSubject;
  readonly action: WorkflowAction;
  readonly pipelines: readonly Pipeline[];
  /** Changes whenever the workflow has to run again. */
  readonly hash: string;
  /** The version that the request is bound to. Absent: it follows the latest. */
  readonly version?: string;
}

/** The name that a pipeline's ServiceAccount and roles carry; at most 60 characters. */
export const pipelineId = (promiseName: string, type: WorkflowType, action: WorkflowAction, pipelineName: string): string =>
  `${promiseName}-${type}-${action}-${pipelineName}`;
