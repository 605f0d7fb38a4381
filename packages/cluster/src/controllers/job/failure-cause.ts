import type { Pod } from '@plinth/api';

/**
 * `: container "x" of pod "y" ended with exit code 1: <the end of its log>`, for the message of a Job that has failed.
 * Its pods are deleted then, and with them the only other place that says why. Empty when no container has failed.
 */
export function failureCause(pods: readonly Pod[]): string {
  for (const pod of pods.toSorted((left, right) => (right.metadata.creationTimestamp ?? '').localeCompare(left.metadata.creationTimestamp ?? ''))) {
    for (const status of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]) {
      const end = [status.state?.terminated, status.lastState?.terminated].find((terminated) => terminated && terminated.exitCode !== 0);
      if (end) {
        const said = end.message?.trim();
        return `: container "${status.name}" of pod "${pod.metadata.name}" ended with exit code ${end.exitCode}${said ? `: ${said.slice(-MAX_CAUSE)}` : ''}`;
      }
      const waiting = status.state?.waiting;
      if (waiting?.message && waiting.reason !== 'PodInitializing' && waiting.reason !== 'ContainerCreating') {
        return `: container "${status.name}" of pod "${pod.metadata.name}" is waiting (${waiting.reason}): ${waiting.message.slice(0, MAX_CAUSE)}`;
      }
    }
    if (pod.status?.phase === 'Failed' && pod.status.message) return `: pod "${pod.metadata.name}": ${pod.status.message.slice(0, MAX_CAUSE)}`;
  }
  return '';
}

const MAX_CAUSE = 1024;
