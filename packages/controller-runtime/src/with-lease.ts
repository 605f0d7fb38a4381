import { isAlreadyExists, isConflict, microTimeText, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

import { sleep, systemClock, type Clock } from './clock.ts';
import { defaultLogger, type Logger } from './logger.ts';

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Who we are; different for each candidate. */
  readonly identity: string;
  readonly signal: AbortSignal;
  /** How long a leader that is silent stays leader. Default 15 s. Renewed every third of it, given up after two thirds. */
  readonly leaseDurationMs?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
}

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

const leases: ApiResource = { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', plural: 'leases', namespaced: true };

/**
 * Runs `lead` while, and only while, this process holds a Lease, of all that try the same one. Resolves when `signal`
 * aborts, after `lead` has returned and the lease was given back.
 *
 * Guarantees: `lead` gets a signal that aborts before another candidate may take over, given clocks that run at about
 * the same speed (they need not show the same time: only how long a lease has been unchanged counts, measured here).
 * When the lease is lost and `lead` has returned, it stands for election again.
 */
export async function withLease(client: Client, options: LeaseOptions, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { signal, clock = systemClock, log = defaultLogger, leaseDurationMs = 15_000 } = options;
  const fields = { lease: `${options.namespace}/${options.name}`, identity: options.identity };
  while (!signal.aborted) {
    const held = await acquire(client, { ...options, clock, leaseDurationMs }, (err) => log.warn({ ...fields, err }, 'could not ask for the lease, trying again'));
    if (!held) return;
    log.info(fields, 'leading');
    const term = new AbortController();
    const end = (): void => term.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const renewing = renew(client, held, { ...options, clock, leaseDurationMs }, term);
    try {
      await lead(term.signal);
    } finally {
      term.abort();
      signal.removeEventListener('abort', end);
      await release(client, await renewing);
    }
    log.info(fields, 'no longer leading');
  }
}

type Settled = LeaseOptions & { readonly clock: Clock; readonly leaseDurationMs: number };

/** Waits for the lease to be free or silent for its whole duration. `undefined`: the signal aborted. */
async function acquire(client: Client, options: Settled, failed: (error: unknown) => void): Promise<Lease | undefined> {
  const { signal, clock, leaseDurationMs } = options;
  const key = { namespace: options.namespace, name: options.name };
  let seen: { readonly version: string | undefined; readonly at: number } | undefined;
  while (!signal.aborted) {
    let waitMs = leaseDurationMs / 3;
    try {
      const current = await client.find<Lease>(leases, key);
      if (!current) return await client.create<Lease>(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: key, spec: held(options, 0) });
      const now = clock.now();
      if (!seen || seen.version !== current.metadata.resourceVersion) seen = { version: current.metadata.resourceVersion, at: now };
      const holder = current.spec?.holderIdentity;
      const theirs = (current.spec?.leaseDurationSeconds ?? leaseDurationMs / 1000) * 1000;
      if (!holder || holder === options.identity || now - seen.at >= theirs) {
        const transitions = (current.spec?.leaseTransitions ?? 0) + (holder === options.identity ? 0 : 1);
        return await client.update<Lease>(leases, { ...current, spec: held(options, transitions) });
      }
      waitMs = Math.min(waitMs, seen.at + theirs - now);
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error)) failed(error); // Somebody was faster: normal.
      waitMs = Math.min(waitMs, 1000);
    }
    await waitForChange(client, key, seen?.version, waitMs, options);
  }
  return undefined;
}

/** Ends after `ms`, or as soon as the lease changes, so that a leader that steps down is followed at once. */
async function waitForChange(client: Client, key: { readonly namespace: string; readonly name: string }, version: string | undefined, ms: number, { signal, clock }: Settled): Promise<void> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  signal.addEventListener('abort', end, { once: true });
  const slept = sleep(clock, ms, ended.signal).then(end);
  if (version !== undefined) {
    try {
      const changes = client.watch<Lease>(leases, { namespace: key.namespace, fieldSelector: `metadata.name=${key.name}`, resourceVersion: version, signal: ended.signal });
      for await (const event of changes) {
        if (event.type === 'DELETED' || (event.type === 'MODIFIED' && !event.object.spec?.holderIdentity)) end();
      }
    } catch {
      // The time is what counts; the watch only shortens it.
    }
  }
  await slept;
  signal.removeEventListener('abort', end);
}

/** Renews until the term ends, and ends it when that does not work for two thirds of the duration. Returns the last lease. */
async function renew(client: Client, first: Lease, options: Settled, term: AbortController): Promise<Lease> {
  const { clock, leaseDurationMs } = options;
  let lease = first;
  let renewedAt = clock.now();
  let waitMs = leaseDurationMs / 3;
  for (;;) {
    await sleep(clock, waitMs, term.signal);
    if (term.signal.aborted) return lease;
    const cancel = clock.setTimeout(() => term.abort(), renewedAt + (leaseDurationMs * 2) / 3 - clock.now());
    const startedAt = clock.now();
    try {
      lease = await client.update<Lease>(leases, { ...lease, spec: { ...lease.spec, renewTime: microTimeText(clock.now()) } });
      renewedAt = startedAt;
      waitMs = leaseDurationMs / 3;
    } catch (error) {
      // A conflict means that somebody else wrote our lease: we were too slow.
      if (isConflict(error)) term.abort();
      waitMs = leaseDurationMs / 15;
    } finally {
      cancel();
    }
    if (clock.now() - renewedAt >= (leaseDurationMs * 2) / 3) term.abort();
  }
}

/** Gives the lease back, if it is still ours, so that the next leader need not wait for it to run out. */
async function release(client: Client, lease: Lease): Promise<void> {
  try {
    await client.update<Lease>(leases, { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } });
  } catch {
    // Then it runs out.
  }
}

function held({ identity, clock, leaseDurationMs }: Settled, leaseTransitions: number): NonNullable<Lease['spec']> {
  const now = microTimeText(clock.now());
  return { holderIdentity: identity, leaseDurationSeconds: Math.max(1, Math.round(leaseDurationMs / 1000)), acquireTime: now, renewTime: now, leaseTransitions };
}
