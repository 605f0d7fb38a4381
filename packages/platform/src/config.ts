import { PIPELINE_ADAPTER_IMAGE } from './naming/constants.ts';

type Json = Readonly<Record<string, unknown>>;

/** What an installation may set (Kratix's ConfigMap `kratix`, contract section 8.1, and ours). */
export interface PlatformConfig {
  /** Of each pipeline and object, finished Jobs to keep with their logs. */
  readonly jobsToKeep: number;
  /** How often a workflow runs again although nothing changed, in ms. */
  readonly reconciliationIntervalMs: number;
  /** Whether a failed workflow is tried again after that interval. */
  readonly reconcileAfterFailure: boolean;
  /** How often every placement is compared with its store although nothing changed, in ms; 0: never. */
  readonly stateStoreReconciliationIntervalMs: number;
  /** Seconds after which a run that has not come to an end is failed. `jobOptions.activeDeadlineSeconds` of a pipeline wins. */
  readonly activeDeadlineSeconds: number;
  /** How often a failed container is started again before the run has failed. `jobOptions.backoffLimit` of a pipeline wins. */
  readonly backoffLimit: number;
  readonly adapterImage: string;
  readonly imagePullPolicy?: string;
  /** For every container of a workflow that does not say its own. */
  readonly resources: Json;
  /** How many placements may wait for their state store at once; they share commits. */
  readonly placementConcurrency: number;
}

export const DEFAULT_CONFIG: PlatformConfig = {
  jobsToKeep: 5,
  reconciliationIntervalMs: 10 * 60 * 60 * 1000,
  reconcileAfterFailure: true,
  stateStoreReconciliationIntervalMs: 10 * 60 * 60 * 1000,
  activeDeadlineSeconds: 10 * 60,
  backoffLimit: 1,
  adapterImage: PIPELINE_ADAPTER_IMAGE,
  resources: {
    requests: { cpu: '100m', memory: '128Mi', 'ephemeral-storage': '128Mi' },
    limits: { cpu: '200m', memory: '256Mi', 'ephemeral-storage': '256Mi' },
  },
  placementConcurrency: 512,
};
