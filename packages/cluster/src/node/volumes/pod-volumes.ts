import type { Pod } from '@plinth/api';
import { keyOf } from '@plinth/apimachinery';
import type { Container } from '../../objects/types.ts';
import { RETRY_MS } from '../container-runs.ts';
import { VolumeError } from '../errors.ts';
import type { NodeContext } from '../node-context.ts';
import type { PodNotes } from '../pod-notes.ts';
import { hasToken, requestToken, tokenRefreshMs } from '../token-source.ts';
import { isLive, prepareVolumes } from './prepare-volumes.ts';

export interface PodVolumesOptions {
  readonly pod: () => Pod;
  readonly podIP: () => string;
  readonly notes: PodNotes;
  readonly signal: AbortSignal;
  /** They are there for the first time. */
  readonly made: () => void;
  /** They could not be made. `isMissing`: for want of something that another has to bring; else it is to be tried again. */
  readonly failed: (isMissing: boolean) => void;
}

/** The volumes of one pod: made once, then kept up to date with the objects that they show. */
export interface PodVolumes {
  /** Where each is; undefined before they are made. */
  readonly paths: ReadonlyMap<string, string> | undefined;
  /** Begins to make them, unless that is under way. */
  prepare(): void;
  /** What they show may have changed: carries it over, or tries again what is being made. */
  refresh(): void;
  /** Keeps them as they are from now on; resolves when nothing is being written any more. */
  close(): Promise<void>;
}

export function createPodVolumes({ pod, podIP, notes, signal, made, failed }: PodVolumesOptions, context: NodeContext): PodVolumes {
  const { client, clock, directories, log } = context;
  let paths: ReadonlyMap<string, string> | undefined;
  let making: Promise<void> | undefined;
  /** Something changed while they were being made. */
  let isStale = false;
  let isClosed = false;
  let cancelRefresh = (): void => {};

  const isProgram = (container: Container): boolean => context.catalogue(container.image ?? '')?.runtime === 'program';
  const make = (): Promise<ReadonlyMap<string, string>> => {
    const all = [...(pod().spec?.initContainers ?? []), ...(pod().spec?.containers ?? [])];
    return prepareVolumes(pod(), {
      client,
      directories,
      place: { podIP: podIP(), nodeIP: context.nodeIP, nodeName: context.nodeName },
      allowedHostPaths: context.allowedHostPaths,
      isNeeded: (volume) => !hasToken(volume) || all.some((container) => !isProgram(container) && container.volumeMounts?.some((mount) => mount.name === volume.name)),
      token: (request) => requestToken(client, pod(), request),
    });
  };
  const tell = (error: unknown): void => notes.note('Warning', 'FailedMount', error instanceof Error ? error.message : String(error));
  const done = (): void => {
    making = undefined;
    if (!isStale || signal.aborted) return;
    isStale = false;
    if (paths) refresh();
    else prepare();
  };
  const refreshLater = (afterMs = tokenRefreshMs(pod())): void => {
    cancelRefresh();
    if (afterMs !== undefined && !isClosed) cancelRefresh = clock.setTimeout(refresh, afterMs);
  };

  async function prepareOnce(): Promise<void> {
    let outcome = made;
    try {
      paths = await make();
      refreshLater();
    } catch (error) {
      if (!signal.aborted) tell(error);
      const isMissing = error instanceof VolumeError;
      if (!isMissing && !signal.aborted) log.warn({ kind: 'Pod', ...keyOf(pod()), err: error }, 'preparing the volumes of a pod failed, trying again');
      outcome = () => failed(isMissing);
    }
    done();
    if (!signal.aborted) outcome();
  }

  async function refreshOnce(): Promise<void> {
    let retryMs: number | undefined;
    try {
      await make();
    } catch (error) {
      if (!signal.aborted) tell(error);
      // A token ends long before the next one is due.
      if (!(error instanceof VolumeError)) retryMs = RETRY_MS;
    }
    if (!signal.aborted) refreshLater(retryMs);
    done();
  }

  function refresh(): void {
    if (making) isStale = true;
    else if (paths && !isClosed && pod().spec?.volumes?.some(isLive)) making = refreshOnce();
  }

  function prepare(): void {
    if (!isClosed) making ??= prepareOnce();
  }

  return {
    get paths() {
      return paths;
    },
    prepare,
    refresh,
    close: async () => {
      isClosed = true;
      cancelRefresh();
      await making;
    },
  };
}
