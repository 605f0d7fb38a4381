import type { Pod, Service } from '@plinth/api';
import type { Client } from '@plinth/client';
import type { Cache, Clock, Logger } from '@plinth/controller-runtime';
import type { EventRecorder } from '../events/recorder.ts';
import type { ImageCatalogue } from '../runtime/catalogue.ts';
import type { EngineFinder } from '../runtime/container/find-engine.ts';
import type { SpareTool } from '../runtime/host/spare-tools.ts';
import type { StepPool } from '../runtime/step/step-pool.ts';
import type { AddressBlock } from './address-block.ts';
import type { Backoff } from './container-record.ts';
import type { NodeDirectories } from './pod-directory.ts';

/** What the pods of a node share. */
export interface NodeContext {
  readonly nodeName: string;
  readonly nodeIP: string;
  /** Reads of kinds that are watched anyway. */
  readonly cache: Cache;
  /** Acts as the node. */
  readonly client: Client;
  /** Acts as the ServiceAccount of a pod, and says which pod that is: for programs. */
  readonly clientForPod: (pod: Pod) => Client;
  readonly directories: NodeDirectories;
  readonly catalogue: ImageCatalogue;
  /** Absent: this node runs no steps. */
  readonly steps: StepPool | undefined;
  /** Directories with tools for commands of this machine. */
  readonly toolDirectories: readonly string[];
  /** Programs to take for tools that the machine lacks. */
  readonly spareTools: readonly SpareTool[];
  /** What commands of this machine never see, wherever it is. */
  readonly hiddenDirectories: readonly string[];
  /** The machine's container engine, for images that nothing else runs. */
  readonly engine: EngineFinder;
  /** By which the engine's containers of this node are known; the same after a restart, and no other node's. */
  readonly nodeId: string;
  readonly allowedHostPaths: readonly string[];
  readonly addresses: AddressBlock;
  /** Where containers find the API server. */
  readonly apiAddress: { readonly host: string; readonly port: number } | undefined;
  readonly servicesIn: (namespace: string) => readonly Service[];
  readonly backoff: Backoff;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}
