import type { Job, PipelineStatus } from '@plinth/api';
import { FINALIZERS } from '../../naming/finalizers.ts';
import { pipelineNameOf } from '../../workflow/job-state.ts';
import { runningContainer, unschedulableOf } from '../../workflow/failure.ts';
import type { Chain, Link } from '../chain.ts';
import { conditionOf, linkMaker, nameOf, quote } from '../words.ts';

const link = linkMaker('pipeline');

/** Whether the workflow came to its end: container, exit code and last words of the pipeline that did not. */
export function pipelineLink({ object, status, job, pod }: Chain): Link {
  const pipelines = status.kratix?.workflows?.pipelines ?? [];
  const completed = conditionOf(status.conditions, 'ConfigureWorkflowCompleted');
  const since = completed?.lastTransitionTime;
  const owner = nameOf(object.kind, object.metadata.name, object.metadata.namespace);
  if (object.metadata.deletionTimestamp) return deletion(object, status, job);
  if (completed?.reason === 'ConfigureWorkflowFailed') {
    const failed = pipelines.find(({ phase }) => phase === 'Failed');
    return failure(failed?.name ?? '', failed?.message ?? completed.message.replace(/^A Configure Pipeline has failed: /, ''), job, failed?.lastTransitionTime ?? since);
  }
  if (completed?.status === 'True') return link(named(pipelines), 'ok', pipelines.length === 1 ? 'has completed' : 'have completed', { since });
  if (!completed && pipelines.length === 0) return link(owner, conditionOf(status.conditions, 'Reconciled')?.status === 'True' ? 'ok' : 'waiting', 'has no pipeline to run');
  const running = pipelines.find(({ phase }) => phase === 'Running');
  const stuck = unschedulableOf(pod);
  const name = nameOf('pipeline', running?.name ?? (job && pipelineNameOf(job)) ?? pipelines[0]?.name);
  if (stuck) return link(name, 'failed', `${name} cannot start, its pod fits on no node: ${quote(stuck, 100)}`, { since: running?.lastTransitionTime, next: 'make room, or correct what the pipeline asks for' });
  const container = runningContainer(pod);
  return link(name, 'waiting', `is running${container ? `, it has come to container ${container}` : ''}`, { since: running?.lastTransitionTime });
}

/** Of an object that is being deleted: its delete pipeline. */
function deletion(object: Chain['object'], status: Chain['status'], job: Job | undefined): Link {
  const condition = conditionOf(status.conditions, 'DeleteWorkflowCompleted');
  const failed = status.kratix?.workflows?.pipelines?.find(({ phase }) => phase === 'Failed');
  if (condition?.reason === 'DeleteWorkflowFailed') return failure(failed?.name ?? '', failed?.message ?? condition.message, job, failed?.lastTransitionTime ?? condition.lastTransitionTime);
  const isOpen = object.metadata.finalizers?.includes(FINALIZERS.request.deleteWorkflows) && job !== undefined;
  return link('the delete pipeline', isOpen ? 'waiting' : 'ok', isOpen ? 'is running' : 'has nothing to do');
}

/** `text` is `container NAME: CAUSE`, or the cause alone; see `workflow/failure.ts`. */
function failure(pipeline: string, text: string, job: Job | undefined, since: string | undefined): Link {
  // A workflow that cannot be read has no pipelines.
  const name = pipeline ? nameOf('pipeline', pipeline) : 'the workflow';
  const found = /^container (\S+): (.*)$/s.exec(text);
  const container = found ? `container ${found[1]}` : 'a container';
  const cause = found?.[2] ?? text;
  const make = (message: string, next: string): Link => link(name, 'failed', message, { since, next });

  if (/^(?:ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull)\b/.test(cause)) {
    const image = /image "([^"]+)"/.exec(cause)?.[1];
    const reason = cause.startsWith('InvalidImageName') ? 'is no valid name' : 'cannot be pulled';
    return make(`${name} cannot start: the image ${image ?? ''} of ${container} ${reason}${pullError(cause)}`.replace('  ', ' '), 'correct the name, or provide the image (docs/reference/catalogue.md)');
  }
  if (/^CreateContainer(?:Config)?Error\b/.test(cause)) return make(`${name} cannot start: ${container}: ${quote(cause.replace(/^\w+:\s*/, ''), 120)}`, 'create what is missing, or correct the pipeline');
  const deadline = /did not come to an end within (\S+) seconds/.exec(cause)?.[1] ?? (cause.startsWith('DeadlineExceeded') ? String(job?.spec?.activeDeadlineSeconds ?? '?') : undefined);
  if (deadline) return make(`${name} hangs: ${container} did not come to an end within ${deadline} seconds and was stopped`, 'see what it waits for, or raise spec.jobOptions.activeDeadlineSeconds');
  return make(`${name} failed: ${found ? `${container}: ` : ''}${lastWords(cause)}`, 'correct it, or run it again with the label kratix.io/manual-reconciliation=true');
}

/** What is behind the image in `Back-off pulling image "X": WHY`, as `: WHY`; nothing where it only says that nobody knows the image. */
function pullError(cause: string): string {
  const why = /image "[^"]+": (.+)$/s.exec(cause)?.[1]?.replace(/^(?:node \S+ cannot run image "[^"]+"|ErrImagePull): /, '');
  return why && !/^node \S+ does not know image/.test(why) ? `: ${quote(why, 120)}` : '';
}

/** `a word, or more lines (exit code 1)` -> the line that says most, and the exit code. */
function lastWords(cause: string): string {
  const [, words = cause, code] = /^(.*?)\s*(\([^()]*exit code \d+\))?$/s.exec(cause) ?? [];
  const lines = words.split('\n').map((line) => line.trim()).filter(Boolean);
  const line = lines.findLast((one) => /error|fail|fatal|denied|refused|not found|cannot|invalid|panic/i.test(one)) ?? lines.at(-1) ?? '';
  return [quote(line, 150), code].filter(Boolean).join(' ');
}

const named = (pipelines: readonly PipelineStatus[]): string => (pipelines.length === 1 ? `pipeline ${pipelines[0]!.name}` : `${pipelines.length} pipelines`);
