import type { UnstructuredObject } from '@plinth/apimachinery';
import { LABELS } from '../naming/labels.ts';
import { mergeStatus } from './merge-status.ts';
import { readStatusFile, readWorkflowControl } from './metadata-files.ts';
import { DRY_RUN } from './reader.ts';
import { retryOnConflict } from './retry-on-conflict.ts';
import type { AdapterContext } from './run-pipeline-adapter.ts';
import { OBJECT_GENERATION, subjectFromEnv } from './subject.ts';

/** The container `status-writer`: brings what the pipeline reported into the object's status, and how the workflow stands. */
export async function writeStatus({ env, path, client, log, now }: AdapterContext): Promise<void> {
  const { resource, key } = subjectFromEnv(env);
  const metadataDir = path('/work-creator-files/metadata');
  const reported = readStatusFile(metadataDir);
  const suspension = readWorkflowControl(metadataDir);
  const type = env['KRATIX_WORKFLOW_TYPE'] === 'promise' ? 'promise' : 'resource';
  if (type === 'promise') {
    const extra = Object.keys(reported).filter((name) => name !== 'message');
    if (extra.length > 0) log(`warning: a Promise's status takes the key message only; dropped: ${extra.join(', ')}`);
  }
  if (suspension) {
    await client.patch(resource, key, 'merge', { metadata: { labels: { [LABELS.workflowSuspended]: 'true' } } });
  }
  await retryOnConflict(async () => {
    const object = await client.get<UnstructuredObject>(resource, key);
    const status = mergeStatus((object['status'] ?? {}) as Readonly<Record<string, unknown>>, {
      // What was suspended is the run; an object that was changed since runs anew.
      generation: Number(env[OBJECT_GENERATION]) || (object.metadata.generation ?? 1),
      pipelineName: env['KRATIX_PIPELINE_NAME'] ?? '',
      isLast: env['IS_LAST_PIPELINE'] === 'true',
      type,
      action: env['KRATIX_WORKFLOW_ACTION'] === 'delete' ? 'delete' : 'configure',
      isDryRun: env[DRY_RUN] === 'true',
      reported,
      suspension,
      now: now(),
    });
    await client.updateStatus(resource, { ...object, status });
  });
  log(suspension ? 'workflow suspended' : 'status updated');
}
