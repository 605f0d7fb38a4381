import { PLATFORM_API_VERSION } from '../naming/constants.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { ANNOTATIONS, LABELS } from '../naming/labels.ts';
import { md5hex, trimName } from '../naming/stable-name.ts';
import type { WorkWriterArguments } from './arguments.ts';
import type { WorkloadGroup } from './workload-groups.ts';

/** Which pipeline of which object a Work is the output of. */
export type WorkIdentity = Omit<WorkWriterArguments, 'inputDirectory' | 'jobName'>;

/** The labels that say which pipeline of which object a Work is the output of. There is one Work for each such set. */
export function workLabels(args: WorkIdentity): Readonly<Record<string, string>> {
  return {
    [LABELS.promiseName]: args.promiseName,
    [LABELS.workType]: args.workflowType,
    [LABELS.pipelineName]: args.pipelineName,
    ...(args.resourceName ? { [LABELS.resourceName]: args.resourceName } : {}),
    ...(args.resourceNamespace ? { [LABELS.resourceNamespace]: args.resourceNamespace } : {}),
    ...(args.isDryRun ? { [LABELS.dryRun]: 'true' } : {}),
  };
}

/**
 * A new Work. Its name ends in five characters that Kratix draws at random; here they follow from the labels, so that a
 * repeated creation finds the first one. The finalizer is there from birth, which saves the scheduler a write.
 */
export function buildWork(args: WorkWriterArguments, groups: readonly WorkloadGroup[], now: number) {
  const labels = workLabels(args);
  return {
    apiVersion: PLATFORM_API_VERSION,
    kind: 'Work',
    metadata: {
      name: workName(args),
      namespace: args.namespace,
      labels,
      finalizers: [FINALIZERS.work],
      ...workAnnotations(args),
    },
    spec: workSpec(args, groups, now),
  };
}

export function workName(args: WorkIdentity): string {
  const identifier = [args.promiseName, ...(args.resourceName ? [args.resourceName] : []), ...(args.resourceNamespace ? [args.resourceNamespace] : []), args.pipelineName].join('-');
  return `${trimName(identifier)}-${md5hex([args.namespace, ...Object.entries(workLabels(args)).flat()].join('/')).slice(0, 5)}`;
}

export function workAnnotations({ jobName, trace }: WorkWriterArguments): { annotations?: Readonly<Record<string, string>> } {
  const annotations = { ...(jobName ? { [ANNOTATIONS.writtenByJob]: jobName } : {}), ...trace };
  return Object.keys(annotations).length > 0 ? { annotations } : {};
}

/** `lastExecutionTimestamp` moves with every run, so the generation does too and placements are compared again. */
export function workSpec(args: WorkWriterArguments, groups: readonly WorkloadGroup[], now: number) {
  return {
    promiseName: args.promiseName,
    ...(args.resourceName ? { resourceName: args.resourceName } : {}),
    lastExecutionTimestamp: new Date(now).toISOString(),
    workloadGroups: groups,
  };
}
