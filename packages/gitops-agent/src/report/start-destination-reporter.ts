import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { buckets, destinations, gitRepositories, kustomizations, type AgentReport, type Bucket, type Destination, type GitRepository, type Kustomization } from '@plinth/api';
import { keyOf, keyString, type ObjectKey } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { createCache, sleep, systemClock, type Clock, type Logger } from '@plinth/controller-runtime';
import { sourceId } from '../kustomization/depends-on.ts';
import { logger } from '../logger.ts';
import { buildReport } from './build-report.ts';
import { RENEW_MS, renewLease } from './keep-lease.ts';
import { watchHealth } from './watch-health.ts';

export interface DestinationReporterOptions {
  /** The destination's cluster; reads Kustomizations, their sources, what they applied, and pods. */
  readonly cluster: Client;
  /** The platform; see `reporterManifests` for what it may do there. */
  readonly platform: Client;
  /** Name of the Destination. */
  readonly destination: string;
  /** The Kustomizations that apply the destination's files. Default: all of the cluster. */
  readonly kustomizations?: readonly ObjectKey[];
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/** Field manager of `Destination.status.agent`. */
export const REPORT_MANAGER = 'plinth-destination-reporter';

/** Changes that come within this time go into one report. It grows with what a report costs. */
const GATHER_MS = 20;
const MAX_GATHER_MS = 1_000;
const MAX_RETRY_MS = 10_000;

/**
 * Tells the platform what the GitOps agent of a destination (this one, or Flux) has done with the files, and how what it
 * applied is doing: `Destination.status.agent`. Woken by watches; writes only what is news.
 *
 * Guarantees: the Lease `destination-NAME` is renewed only while the platform has the present report and both clusters
 * answer. Survives either cluster going away for a while.
 */
export function startDestinationReporter(options: DestinationReporterOptions): AsyncDisposable {
  const { platform, destination, clock = systemClock, log = logger } = options;
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const cache = createCache(options.cluster, { signal, clock, log });
  const units = cache.informer<Kustomization>(kustomizations);
  const repositories = cache.informer<GitRepository>(gitRepositories);
  const bucketObjects = cache.informer<Bucket>(buckets);
  const holder = `${hostname()}_${randomUUID()}`;
  const wanted = options.kustomizations && new Set(options.kustomizations.map(keyString));
  let woken = Promise.withResolvers<void>();
  const wake = (): void => woken.resolve();
  let renewAt = 0;

  const isOurs = (unit: Kustomization): boolean => wanted?.has(keyString(unit.metadata)) ?? true;
  const read = async (): Promise<AgentReport | undefined> => (await platform.get<Destination>(destinations, { name: destination })).status?.agent;
  const write = async (report: AgentReport): Promise<void> => {
    const object = { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Destination', metadata: { name: destination }, status: { agent: report } };
    await platform.patch(destinations, { name: destination }, 'apply', object, { fieldManager: REPORT_MANAGER, force: true, subresource: 'status' });
  };

  async function run(): Promise<void> {
    await cache.synced();
    let previous = await retrying(read);
    if (signal.aborted) return;
    const health = watchHealth(cache, { clock, known: previous?.unhealthy ?? [], changed: wake });
    for (const informer of [units, repositories, bucketObjects]) informer.subscribe({ added: wake, updated: wake, deleted: wake });
    while (!signal.aborted) {
      woken = Promise.withResolvers<void>();
      const startedAt = performance.now();
      await retrying(async () => {
        const own = units.list().filter(isOurs);
        await health.follow(own.flatMap(({ status }) => status?.inventory?.entries ?? []));
        const used = new Set(own.map(sourceId));
        const report = buildReport({
          kustomizations: own,
          sources: [...repositories.list(), ...bucketObjects.list()].filter(({ kind, metadata }) => used.has(`${kind} ${keyString(metadata)}`)),
          unhealthy: health.unhealthy(),
          previous,
          now: new Date(clock.now()),
        });
        const isDue = clock.now() >= renewAt;
        // Written again when the lease is due, which changes nothing unless somebody took it away.
        if (isDue || report !== previous) await write(report);
        previous = report;
        if (isDue) {
          // Watches do not tell that their cluster is out of reach.
          if (own[0]) await options.cluster.find(kustomizations, keyOf(own[0]));
          await renewLease(platform, destination, holder, clock);
          renewAt = clock.now() + RENEW_MS;
        }
      });
      const cost = performance.now() - startedAt;
      const due = new AbortController();
      const waiting = sleep(clock, renewAt - clock.now(), AbortSignal.any([signal, due.signal]));
      await Promise.race([woken.promise, waiting]);
      due.abort();
      await waiting;
      // Not on the clock of tests: it only keeps the machine from being busy with reports.
      await delay(Math.min(Math.max(GATHER_MS, cost * 2), MAX_GATHER_MS), undefined, { signal }).catch(() => {});
    }
  }

  /** Tries until it works or the end comes; what came meanwhile is looked at in the next try. */
  async function retrying<T>(act: () => Promise<T>): Promise<T | undefined> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        return await act();
      } catch (err) {
        if (signal.aborted) return undefined;
        const retryInMs = Math.min(200 * 2 ** failures, MAX_RETRY_MS);
        log.warn({ kind: 'Destination', name: destination, retryInMs, err }, 'reporting to the platform failed, trying again');
        await sleep(clock, retryInMs, signal);
      }
    }
    return undefined;
  }

  const running = run().catch((err: unknown) => {
    if (!signal.aborted) log.error({ kind: 'Destination', name: destination, err }, 'the reporter ended');
  });
  return {
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      wake();
      await running;
      await cache[Symbol.asyncDispose]();
    },
  };
}
