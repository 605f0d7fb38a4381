import type { Client } from '@plinth/client';
import type { Cache, Clock, EventRecorder, Logger } from '@plinth/controller-runtime';
import type { Applied } from '../applied/track-applied.ts';
import type { PlatformConfig } from '../config.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { StateStores } from '../state-store/state-stores.ts';
import type { Informers } from './informers.ts';

/** What every reconciler of the platform works with. */
export interface PlatformContext {
  readonly cache: Cache;
  /** Writes go into the cache at once. */
  readonly client: Client;
  readonly informers: Informers;
  readonly stateStores: StateStores;
  /** What destinations have applied. */
  readonly applied: Applied;
  readonly config: PlatformConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly telemetry: Telemetry;
  /** One recorder per reporting controller. */
  readonly recorder: (controller: string) => EventRecorder;
}
