/** Finalizers by the object that carries them (contract, section 2.2). */
export const FINALIZERS = {
  promise: {
    resourceRequests: 'kratix.io/resource-request-cleanup',
    dependants: 'kratix.io/dynamic-controller-dependant-resources-cleanup',
    crd: 'kratix.io/api-crd-cleanup',
    dependencies: 'kratix.io/dependencies-cleanup',
    workflows: 'kratix.io/workflows-cleanup',
    deleteWorkflows: 'kratix.io/delete-workflows',
    revisions: 'kratix.io/revision-cleanup',
  },
  request: {
    works: 'kratix.io/work-cleanup',
    workflows: 'kratix.io/workflows-cleanup',
    deleteWorkflows: 'kratix.io/delete-workflows',
    bindings: 'kratix.io/resource-binding-cleanup',
  },
  promiseRevision: 'kratix.io/resource-request-cleanup',
  promiseRelease: 'kratix.io/promise-cleanup',
  /** We set none: the request looks at the records that exist. Those that Kratix set are taken away. */
  healthRecord: 'kratix.io/health-record-cleanup',
  work: 'kratix.io/work-cleanup',
  workPlacement: 'finalizers.workplacement.kratix.io/repo-cleanup',
  /** A second one in mode `none`, from Kratix; removed together with the first. */
  workPlacementIndex: 'finalizers.workplacement.kratix.io/kratix-dot-files-cleanup',
  destination: 'kratix.io/destination-cleanup',
  /** Ours: what a dry run made goes before it does. */
  dryRun: 'kratix.io/dry-run-cleanup',
} as const;
