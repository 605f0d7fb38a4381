import type { Client } from '@plinth/client';
import type { KubeObject } from '@plinth/apimachinery';
import type { HostImage } from './host/host-image.ts';
import type { LookupFunction } from 'node:net';

/**
 * What a container sees, whatever runs it. Paths are real paths on this machine: `mounts` maps the container's mount
 * paths to them.
 */
export interface ContainerContext {
  readonly pod: KubeObject;
  readonly containerName: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** Complete: values of `valueFrom` (secrets, config maps, fields) are resolved. */
  readonly env: Readonly<Record<string, string>>;
  /** The pod's own loopback address. */
  readonly podIP: string;
  /** Mount path in the container -> directory (or file) on this machine. */
  readonly mounts: ReadonlyMap<string, string>;
  /** Appends to the container's log; a final newline is added when missing. */
  readonly log: (text: string) => void;
  /**
   * Aborted when the container is to stop; it should end within the grace period. The reason is a `ContainerStopped`
   * that says why and within which time. A program may be called with a signal that is aborted already: its pod was
   * deleted while no agent was running, and it only has to end what it left behind.
   */
  readonly signal: AbortSignal;
}

/** What a trusted built-in program gets on top: an API client that acts as the pod's service account. */
export interface ProgramContext extends ContainerContext {
  readonly client: Client;
  /** Programs are ready as soon as they run, unless they say `false` first. Combined with readiness probes. */
  readonly setReady: (ready: boolean) => void;
  /** A directory private to this pod that survives restarts of the container and of the node agent. */
  readonly stateDir: string;
  /** Names of Services as the cluster's DNS would resolve them; for `net.connect({ lookup })`. */
  readonly lookup: LookupFunction;
  /**
   * Says that what this container ran before the node agent was restarted still runs (a server in a process of its own,
   * found through `stateDir`): its start time stays, and no restart is counted.
   */
  readonly resumed?: () => void;
}

/** Resolves with the exit code; a throw counts as exit code 1 with the error's message in the log. */
export type Program = (context: ProgramContext) => Promise<number>;

/**
 * How an image runs:
 * - `program`: a function in this process, long-running or not; trusted, part of Plinth.
 * - `step`: a TypeScript module written with `@plinth/sdk`, run in a warm worker thread.
 * - `host`: a command of this machine in a private mount namespace (bubblewrap or unshare); Linux only.
 * - `container`: a container of the machine's engine (Docker, Podman), which fetches the image.
 * - `unavailable`: known, and not to be run here; the pod waits in ImagePullBackOff with the reason.
 */
export type CatalogueEntry =
  | { readonly runtime: 'program'; readonly run: Program }
  | { readonly runtime: 'step'; readonly module: URL }
  /** `withoutEngineOnly`: this machine stands in for the image as long as no container engine could run the image itself. */
  | { readonly runtime: 'host'; readonly image?: HostImage; readonly withoutEngineOnly?: boolean }
  /** `note`: what else to say where there is no engine, such as that a catalogue could not be read. */
  | { readonly runtime: 'container'; readonly note?: string }
  | { readonly runtime: 'unavailable'; readonly why: string };

/**
 * Resolves an image reference. Undefined: the container engine, where there is one, else the pod waits in ImagePullBackOff with an
 * event that says why.
 */
export type ImageCatalogue = (image: string) => CatalogueEntry | undefined;
