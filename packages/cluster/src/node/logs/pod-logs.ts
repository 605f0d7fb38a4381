import type { Pod } from '@plinth/api';
import { badRequest } from '@plinth/apimachinery';
import type { PodLogs } from '@plinth/apiserver';
import type { PodWorker } from '../pod-worker.ts';
import { isLogThere } from './log-file.ts';
import { readLog } from './read-log.ts';

/** Serves `kubectl logs`. */
export function createPodLogs(workerOf: (uid: string) => PodWorker | undefined): PodLogs {
  return (request) => {
    const pod = request.pod as unknown as Pod;
    const { name } = pod.metadata;
    const log = workerOf(pod.metadata.uid!)?.logOf(request.container);
    if (!log) throw badRequest(`container "${request.container}" in pod "${name}" is waiting to start: ContainerCreating`);
    const { place, record } = log;
    const { timestamps, tailLines, since, signal } = request;
    const rest = { timestamps, signal, ...(tailLines === undefined ? {} : { tailLines }), ...(since ? { sinceMs: since.getTime() } : {}) };
    const isThere = (run: number): boolean => isLogThere(place(run));

    if (request.previous) {
      if (log.run === 0 || (!record.last && !isThere(log.run - 1))) throw badRequest(`previous terminated container "${request.container}" in pod "${name}" not found`);
      return readLog({ ...rest, place: place(log.run - 1), follow: false });
    }
    if (record.phase.type === 'waiting' && !record.last && !isThere(log.run)) {
      throw badRequest(`container "${request.container}" in pod "${name}" is waiting to start: ${record.phase.reason}`);
    }
    // A container that waits for its next start shows what it printed last.
    const run = log.run === 0 || log.writer || isThere(log.run) ? log.run : log.run - 1;
    return readLog({ ...rest, place: place(run), follow: request.follow, ...(log.writer ? { writer: log.writer } : {}) });
  };
}
