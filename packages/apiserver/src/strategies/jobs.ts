import { deepEqual, fieldInvalid, fieldTooLong, type StatusCause, type UnstructuredObject } from '@plinth/apimachinery';
import type { Strategy } from '../registry/strategy.ts';
import { ensureObject, fillIn, hasStoredSpec, objectAt } from './members.ts';
import { defaultTemplate, podTemplateCauses } from './workloads.ts';

/** Jobs select their pods by a label that the server makes of the Job's uid. */
export const jobStrategy: Partial<Strategy> = {
  // Kept from the days before garbage collection; kubectl always says what it wants.
  defaultPropagation: 'Orphan',
  prepare: (draft, old) => {
    if (hasStoredSpec(draft, old)) return;
    const spec = ensureObject(draft, 'spec');
    fillIn(spec, { parallelism: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false });
    defaultTemplate(spec);
    if (old || spec['manualSelector'] === true) return;
    const uid = draft.metadata.uid ?? '';
    const { name } = draft.metadata;
    const labels = { 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': name, 'controller-uid': uid, 'job-name': name };
    const metadata = ensureObject(ensureObject(spec, 'template'), 'metadata');
    metadata['labels'] = { ...(metadata['labels'] as object | undefined), ...labels };
    spec['selector'] ??= { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
  },
  validate: (job, old) => {
    if (hasStoredSpec(job, old)) return [];
    const spec = objectAt(job, 'spec') ?? {};
    // The name becomes a label of the pods.
    const long = !old && job.metadata.name.length > 63 ? [fieldTooLong('metadata.name', 63)] : [];
    return [...long, ...podTemplateCauses(spec, old, ['OnFailure', 'Never']), ...(old ? changeCauses(job, old) : [])];
  },
};

function changeCauses(job: UnstructuredObject, old: UnstructuredObject): readonly StatusCause[] {
  const [spec = {}, before = {}] = [objectAt(job, 'spec'), objectAt(old, 'spec')];
  return ['completions', 'selector', 'template', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex']
    .filter((field) => !deepEqual(spec[field], before[field]))
    // A suspended Job that has not begun may still get other scheduling hints; we know of none.
    .map((field) => fieldInvalid(`spec.${field}`, field === 'template' ? {} : spec[field], 'field is immutable'));
}

export const cronJobStrategy: Partial<Strategy> = {
  prepare: (draft) => {
    const spec = ensureObject(draft, 'spec');
    fillIn(spec, { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 });
    const job = ensureObject(ensureObject(spec, 'jobTemplate'), 'spec');
    defaultTemplate(job);
  },
  validate: (cronJob, old) => (!old && cronJob.metadata.name.length > 52 ? [fieldInvalid('metadata.name', cronJob.metadata.name, 'must be no more than 52 characters')] : []),
};
