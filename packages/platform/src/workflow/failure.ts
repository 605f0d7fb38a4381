import type { Job, Pod } from '@plinth/api';
import { jobFailure } from './job-state.ts';

/** Where and why a run goes wrong. */
export interface RunFailure {
  readonly container: string | undefined;
  readonly cause: string;
}

/**
 * What the pod of a run says about a failure: which container ended badly, with its last words. Looks at how
 * containers ended now and, for those that were started again, how they ended before.
 */
export function failureOf(pod: Pod | undefined): RunFailure | undefined {
  for (const status of containerStatuses(pod)) {
    const ended = failed(status.state?.terminated) ?? failed(status.lastState?.terminated);
    if (!ended) continue;
    // Started again and well: the failure is over.
    if (!failed(status.state?.terminated) && status.state?.terminated) continue;
    return { container: status.name, cause: causeOf(ended) };
  }
  return undefined;
}

/** A container that cannot start as things are; it would wait until the deadline. */
export function stallOf(pod: Pod | undefined): RunFailure | undefined {
  for (const status of containerStatuses(pod)) {
    const waiting = status.state?.waiting;
    if (waiting?.reason && STALLED.has(waiting.reason)) {
      return { container: status.name, cause: [waiting.reason, waiting.message].filter(Boolean).join(': ') };
    }
  }
  return undefined;
}

/** Why no node takes the pod. It may fit tomorrow: the run has not failed. */
export function unschedulableOf(pod: Pod | undefined): string | undefined {
  const condition = pod?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return condition?.status === 'False' && condition.reason === 'Unschedulable' ? condition.message : undefined;
}

/**
 * The words for a condition or an event: container and cause. A deadline is said of the container that it ended; apart
 * from that the pod knows best, then what was noted while there was a pod, then the Job.
 */
export function describeFailure(job: Job, pod: Pod | undefined, noted: string | undefined): string {
  const jobSays = jobFailure(job);
  const found = failureOf(pod) ?? stallOf(pod);
  if (jobSays?.startsWith('DeadlineExceeded') && noted === undefined) {
    const container = found?.container ?? runningContainer(pod);
    return describe({ container, cause: `did not come to an end within ${job.spec?.activeDeadlineSeconds ?? '?'} seconds` });
  }
  return found ? describe(found) : (noted ?? jobSays ?? 'the Job failed');
}

export const describe = ({ container, cause }: RunFailure): string => (container ? `container ${container}: ${cause}` : cause);

/** The container that the pod has come to. */
export function runningContainer(pod: Pod | undefined): string | undefined {
  return containerStatuses(pod).find((status) => status.state?.running)?.name;
}

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];
type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

const containerStatuses = (pod: Pod | undefined): readonly ContainerStatus[] => [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];

const failed = (terminated: Terminated | undefined | null): Terminated | undefined => (terminated && terminated.exitCode !== 0 ? terminated : undefined);

function causeOf({ exitCode, reason, message }: Terminated): string {
  const words = withoutFrames(message ?? '').trim();
  const text = words.length > MAX_WORDS ? `...${words.slice(-MAX_WORDS)}` : words;
  const how = reason && reason !== 'Error' ? `${reason} (exit code ${exitCode})` : `exit code ${exitCode}`;
  return text ? `${text} (${how})` : how;
}

/** Without the frames of a stack trace: where a step broke is for its author, who finds it in the log. */
const withoutFrames = (text: string): string => text.replaceAll(/^\s+at .+(?:\n|$)/gm, '');

/** Characters of a container's last words that a condition quotes. */
const MAX_WORDS = 600;

const STALLED = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'CreateContainerConfigError', 'CreateContainerError']);
