/** Keys of labels and annotations. Source: Kratix's catalogue (contract, section 0.2). Only the text `true` counts as set. */
export const LABELS = {
  promiseName: 'kratix.io/promise-name',
  promiseVersion: 'kratix.io/promise-version',
  promiseReleaseName: 'kratix.io/promise-release-name',
  resourceName: 'kratix.io/resource-name',
  resourceNamespace: 'kratix.io/resource-namespace',
  pipelineName: 'kratix.io/pipeline-name',
  pipelineNamespace: 'kratix.io/pipeline-namespace',
  workflowType: 'kratix.io/workflow-type',
  workflowAction: 'kratix.io/workflow-action',
  workType: 'kratix.io/work-type',
  hash: 'kratix.io/hash',
  managedBy: 'app.kubernetes.io/managed-by',
  work: 'kratix.io/work',
  workloadGroupId: 'kratix.io/workload-group-id',
  targetDestinationName: 'kratix.io/targetDestinationName',
  misplaced: 'kratix.io/misplaced',
  manualReconciliation: 'kratix.io/manual-reconciliation',
  runFromStart: 'internal.workflows.kratix.io/run-from-start',
  reconcileResources: 'kratix.io/reconcile-resources',
  paused: 'kratix.io/paused',
  workflowSuspended: 'kratix.io/workflow-suspended',
  latestRevision: 'kratix.io/latest-revision',
} as const;

export const ANNOTATIONS = {
  jobResourceNamespace: 'kratix.io/job-resource-namespace',
  jobResourceName: 'kratix.io/job-resource-name',
  jobResourceKind: 'kratix.io/job-resource-kind',
  jobResourceApiVersion: 'kratix.io/job-resource-api-version',
  reconciliationInterval: 'kratix.io/reconciliation-interval',
  lastUpdatedAt: 'kratix.io/last-updated-at',
  /**
   * Ours. On a Job: its place in the sequence of the object's Jobs. Creation times have a resolution of one second, so
   * they do not say which of two Jobs is the newer one.
   */
  run: 'plinth.dev/run',
  /** Ours. On a Work: the Job whose output it holds. A request is reconciled only when its Works are of its last Jobs. */
  writtenByJob: 'plinth.dev/written-by-job',
} as const;

/** The value of `app.kubernetes.io/managed-by` on every Job and Pod of a workflow. */
export const MANAGED_BY = 'Kratix';

/** Whether a boolean label is set. */
export const isMarked = (object: { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } }, label: string): boolean =>
  object.metadata.labels?.[label] === 'true';
