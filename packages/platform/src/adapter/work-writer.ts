import { isAlreadyExists, isConflict, type KubeObject } from '@plinth/apimachinery';
import { works } from '@plinth/api';
import { join } from 'node:path';
import type { AdapterContext } from './run-pipeline-adapter.ts';
import { LABELS } from '../naming/labels.ts';
import type { WorkWriterArguments } from './arguments.ts';
import { PipelineOutputError } from './errors.ts';
import { readDestinationSelectors, readPromiseScheduling, readWorkflowControl } from './metadata-files.ts';
import { retryOnConflict } from './retry-on-conflict.ts';
import { readOutput } from './read-output.ts';
import { buildWork, workAnnotations, workLabels, workSpec } from './work.ts';
import { groupWorkloads } from './workload-groups.ts';

/** The container `work-writer`: makes the pipeline's output into its Work. Does nothing when the pipeline suspends. */
export async function writeWork(args: WorkWriterArguments, { path, client, log, now }: AdapterContext): Promise<void> {
  const root = args.inputDirectory;
  const metadataDir = path(join(root, 'metadata'));
  const suspension = readWorkflowControl(metadataDir);
  if (suspension) {
    log(`the pipeline suspends the workflow${suspension.message ? `: ${suspension.message}` : ''}; no Work is written`);
    return;
  }
  const files = readOutput(path(join(root, 'input')));
  const promiseLabels = readPromiseScheduling(path(join(root, 'kratix-system')));
  const groups = groupWorkloads(files, readDestinationSelectors(metadataDir), promiseLabels, args.workflowType);
  const desired = buildWork(args, groups, now());

  const labels = workLabels(args);
  const labelSelector = Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(',');
  await retryOnConflict(async () => {
    const { items } = await client.list<WorkObject>(works, { namespace: args.namespace, labelSelector });
    // A Promise's Work has a subset of the labels of a request's, this one of a namesake's from another namespace, and a real one of a dry run's.
    const own = items.filter(({ metadata: { labels: have } }) => IDENTITY.every((label) => (have?.[label] ?? '') === (labels[label] ?? '')));
    if (own.length > 1) throw new PipelineOutputError(`found ${own.length} Works with the labels ${labelSelector} in namespace ${args.namespace}; there must be one at most`);
    const [existing] = own;
    if (!existing) {
      try {
        await client.create(works, desired as WorkObject);
        log(`created work ${desired.metadata.name} with ${files.length} files`);
        return;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        throw new WorkExists(error);
      }
    }
    if (existing.metadata.deletionTimestamp) throw new PipelineOutputError(`work ${existing.metadata.name} is being deleted`);
    const annotations = { ...existing.metadata.annotations, ...workAnnotations(args).annotations };
    await client.update(works, { ...existing, metadata: { ...existing.metadata, annotations }, spec: workSpec(args, groups, now()) });
    log(`updated work ${existing.metadata.name} with ${files.length} files`);
  }, (error) => isConflict(error) || error instanceof WorkExists);
}

type WorkObject = KubeObject & { readonly spec?: unknown };

/** Somebody created it between our look and our write: look again. */
class WorkExists extends Error {
  constructor(cause: unknown) {
    super((cause as Error).message, { cause });
    this.name = 'WorkExists';
  }
}

const IDENTITY = [LABELS.resourceName, LABELS.resourceNamespace, LABELS.dryRun];
