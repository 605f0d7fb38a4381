import type { Pod } from '@plinth/api';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Container } from '../objects/types.ts';
import { runProgram } from '../runtime/run-program.ts';
import type { NodeContext } from './node-context.ts';
import type { NodeDirectories } from './pod-directory.ts';
import { prepareLaunch, programContext } from './start-container.ts';

/**
 * Notes the pod in its directory when it runs programs, which may have started processes that outlive this one: should
 * the pod be deleted by force while no agent is running, this is all that is left of it.
 */
export function leaveBehind(directories: NodeDirectories, pod: Pod, volumes: ReadonlyMap<string, string>, { catalogue }: Pick<NodeContext, 'catalogue'>): void {
  const path = noteOf(directories, pod.metadata.uid!);
  if (pod.spec?.restartPolicy !== 'Always' || existsSync(path)) return;
  if (!pod.spec.containers.some((container) => catalogue(container.image ?? '')?.runtime === 'program')) return;
  // The managed fields are most of a pod and of no use here; no Secret's content is in a pod.
  const { managedFields: _, ...metadata } = pod.metadata;
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  const note: LeftBehind = { pod: { ...pod, metadata }, volumes: [...volumes] };
  writeFileSync(path, JSON.stringify(note), { mode: 0o600 });
}

export interface LeftBehind {
  readonly pod: Pod;
  /** Where its volumes were. */
  readonly volumes: readonly (readonly [name: string, path: string])[];
}

/** The pod that a directory belonged to, if it was noted. */
export function readLeftBehind(directories: NodeDirectories, uid: string): LeftBehind | undefined {
  try {
    const note = JSON.parse(readFileSync(noteOf(directories, uid), 'utf8')) as LeftBehind;
    return note.pod.metadata.uid === uid ? note : undefined;
  } catch {
    return undefined; // Nothing was noted, or not to its end: then no program had started either.
  }
}

/** Calls the programs of a pod that is gone with a signal that is aborted already, so that they end what they left. */
export async function reapPod(
  pod: Pod,
  containers: readonly string[],
  volumes: ReadonlyMap<string, string>,
  podIP: string,
  context: NodeContext,
  graceMs: number,
): Promise<void> {
  await Promise.all(
    (pod.spec?.containers ?? []).map(async (container) => {
      const entry = context.catalogue(container.image ?? '');
      if (!containers.includes(container.name) || entry?.runtime !== 'program') return;
      const log = (text: string): void => context.log.debug({ kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, container: container.name, text }, 'a program that is cleaning up said something');
      const options = { pod, container, podIP, volumes, log, setReady: () => {}, resumed: () => {}, signal: context.signal };
      // Its Secrets and ConfigMaps may be gone by now, and are not needed to find processes.
      const launch = await prepareLaunch(options, context).catch(() => prepareLaunch({ ...options, container: withoutInputs(container) }, context));
      const running = runProgram(entry.run, programContext(options, launch, context), context.clock);
      running.stop({ graceMs, reason: 'PodDeleted' });
      await running.ended;
    }),
  );
}

const withoutInputs = (container: Container): Container => ({
  ...container,
  envFrom: [],
  env: (container.env ?? []).filter(({ valueFrom }) => !valueFrom?.secretKeyRef && !valueFrom?.configMapKeyRef),
});

const noteOf = (directories: NodeDirectories, uid: string): string => join(directories.pods, uid, 'pod.json');
