import { PIPELINE_ADAPTER_IMAGE } from './naming/constants.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * What an installation may set (Kratix's ConfigMap `kratix`, contract section 8.1, and ours). `PlatformContext.config` is
 * one object for the whole life of a platform whose fields change when the ConfigMap does: read a field when it is needed,
 * and do not keep copies. The fields that are looked at only at the start say so.
 */
export interface PlatformConfig {
  /** Of each pipeline and object, finished Jobs to keep with their logs. */
  readonly jobsToKeep: number;
  /** How often a workflow runs again although nothing changed, in ms. */
  readonly reconciliationIntervalMs: number;
  /** Whether a failed workflow is tried again after that interval. */
  readonly reconcileAfterFailure: boolean;
  /** How often every placement is compared with its store although nothing changed, in ms; 0: never. */
  readonly stateStoreReconciliationIntervalMs: number;
  /** Seconds after which a run that has not come to an end is failed; 0: never. `jobOptions.activeDeadlineSeconds` of a pipeline wins. */
  readonly activeDeadlineSeconds: number;
  /** How often a failed container is started again before the run has failed. `jobOptions.backoffLimit` of a pipeline wins. */
  readonly backoffLimit: number;
  /** Seconds after which the pods of a finished Job are deleted; the Job stays. Absent or 0: they stay with it. */
  readonly podTtlSecondsAfterFinished?: number;
  /** Which version a new request is bound to: `floating` follows the latest, `pinned` stays with the one of its birth. */
  readonly resourceBindingVersionStrategy: 'floating' | 'pinned';
  readonly adapterImage: string;
  /** Name of a Secret, in the namespace of each pipeline, with which the adapter's image is pulled. */
  readonly adapterPullSecret?: string;
  readonly imagePullPolicy?: string;
  /** For every container of a workflow that does not say its own. */
  readonly resources: Json;
  /** For the author's containers that do not say their own. */
  readonly containerSecurityContext?: Json;
  /** How many placements may wait for their state store at once; they share commits. At the start. */
  readonly placementConcurrency: number;
  /** The shortest time between two fetches of one git repository, in ms. */
  readonly minimumFetchIntervalMs: number;
  /** Whether only Secrets with the label `app.kubernetes.io/part-of: kratix` may be kept in memory. We keep none at all. */
  readonly selectiveCache: boolean;
  readonly featureFlags: { readonly dryRun: boolean };
  /** At the start. In ms. */
  readonly leaderElection: { readonly leaseDurationMs: number; readonly renewDeadlineMs: number; readonly retryPeriodMs: number };
  readonly logging: { readonly structured: boolean; readonly level: LogLevel };
  /** Absent: nothing is exported. At the start. */
  readonly telemetry?: TelemetryConfig;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

export interface TelemetryConfig {
  readonly endpoint: string;
  readonly protocol: 'grpc' | 'http/protobuf';
  /** Without TLS. */
  readonly insecure: boolean;
  /** May hold credentials: never log them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly traces: boolean;
  readonly metrics: boolean;
}

export const DEFAULT_CONFIG: PlatformConfig = {
  jobsToKeep: 5,
  reconciliationIntervalMs: 10 * 60 * 60 * 1000,
  reconcileAfterFailure: true,
  stateStoreReconciliationIntervalMs: 10 * 60 * 60 * 1000,
  activeDeadlineSeconds: 10 * 60,
  backoffLimit: 1,
  resourceBindingVersionStrategy: 'floating',
  adapterImage: PIPELINE_ADAPTER_IMAGE,
  resources: {
    requests: { cpu: '100m', memory: '128Mi', 'ephemeral-storage': '128Mi' },
    limits: { cpu: '200m', memory: '256Mi', 'ephemeral-storage': '256Mi' },
  },
  placementConcurrency: 512,
  minimumFetchIntervalMs: 5_000,
  selectiveCache: false,
  featureFlags: { dryRun: false },
  leaderElection: { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 },
  logging: { structured: true, level: 'info' },
};
