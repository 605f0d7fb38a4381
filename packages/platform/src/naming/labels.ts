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
  /** Never written by us: an extension, or the author, puts it into a pipeline's labels. */
  pipelineHash: 'kratix.io/pipeline-hash',
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
  /** On a request, a Work, a Destination: only to show what would come of it (contract, section 7.6). */
  dryRun: 'kratix.io/dry-run',
  dryRunSummary: 'kratix.io/dry-run-summary',
  dryRunOwner: 'kratix.io/dry-run-owner',
  dryRunParent: 'kratix.io/dry-run-parent',
  /** On a component of a compound request: the request that asked for it. */
  parentResourceName: 'kratix.io/parent-resource-name',
} as const;

export const ANNOTATIONS = {
  jobResourceNamespace: 'kratix.io/job-resource-namespace',
  jobResourceName: 'kratix.io/job-resource-name',
  jobResourceKind: 'kratix.io/job-resource-kind',
  jobResourceApiVersion: 'kratix.io/job-resource-api-version',
  reconciliationInterval: 'kratix.io/reconciliation-interval',
  /** On a revision that is only renamed: its requests stay. */
  skipRequestCleanup: 'kratix.io/skip-resource-request-cleanup-on-delete',
  lastUpdatedAt: 'kratix.io/last-updated-at',
  /** On the request that a DryRun runs: the request that it stands for. */
  dryRunResourceName: 'kratix.io/dry-run-resource-name',
  dryRunResourceNamespace: 'kratix.io/dry-run-resource-namespace',
  /** W3C trace context, and when and for which generation the trace began. Only while traces are exported. */
  traceParent: 'kratix.io/trace-parent',
  traceState: 'kratix.io/trace-state',
  traceTimestamp: 'kratix.io/trace-timestamp',
  traceGeneration: 'kratix.io/trace-generation',
  /**
   * Ours. On a Job: its place in the sequence of the object's Jobs. Creation times have a resolution of one second, so
   * they do not say which of two Jobs is the newer one.
   */
  run: 'plinth.dev/run',
  /** Ours. On a Job: the generation of the object that it runs for, as it was when the run was decided. */
  generation: 'plinth.dev/generation',
  /** Ours. On a Work: the Job whose output it holds. A request is reconciled only when its Works are of its last Jobs. */
  writtenByJob: 'plinth.dev/written-by-job',
  /** Ours. On a Secret in a pipeline's output: its values may stand in a state store, where many can read them. */
  notSecret: 'plinth.dev/not-secret',
} as const;

/** The value of `app.kubernetes.io/managed-by` on every Job and Pod of a workflow. */
export const MANAGED_BY = 'Kratix';

/** Whether a boolean label is set. */
export const isMarked = (object: { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } }, label: string): boolean =>
  object.metadata.labels?.[label] === 'true';
