import type { Lease } from '@plinth/api';
import type { Clock, Informer } from '@plinth/controller-runtime';

/** Who of the destinations' reporters is alive, by their Leases. */
export interface Reporters extends Disposable {
  /** RFC 3339: when a reporter that is silent was last heard of; `''` when it never was. Undefined while it is not silent. */
  silentSince(destination: string): string | undefined;
}

const PREFIX = 'destination-';

/**
 * Follows the Leases of destinations. `changed` is called with a destination whose reporter fell silent or spoke again.
 *
 * How long a Lease has been unchanged is measured here, so clocks need not agree; only what the first look finds is
 * taken by its own time.
 */
export function followReporters(informer: Informer<Lease>, clock: Clock, changed: (destination: string) => void): Reporters {
  const known = new Map<string, { readonly renewTime: string; readonly silent: boolean; readonly cancel: () => void }>();

  const fallSilent = (destination: string): void => {
    const entry = known.get(destination);
    if (!entry || entry.silent) return;
    known.set(destination, { ...entry, silent: true });
    changed(destination);
  };
  const look = (lease: Lease): void => {
    if (!lease.metadata.name.startsWith(PREFIX)) return;
    const destination = lease.metadata.name.slice(PREFIX.length);
    const { renewTime, leaseDurationSeconds = 40 } = lease.spec ?? {};
    const before = known.get(destination);
    if (!renewTime || before?.renewTime === renewTime) return;
    before?.cancel();
    const heardAt = before ? clock.now() : Math.min(clock.now(), Date.parse(renewTime));
    const restMs = heardAt + leaseDurationSeconds * 1000 - clock.now();
    const cancel = restMs > 0 ? clock.setTimeout(() => fallSilent(destination), restMs) : (): void => {};
    known.set(destination, { renewTime, silent: restMs <= 0, cancel });
    if (!before || before.silent !== restMs <= 0) changed(destination);
  };
  const unsubscribe = informer.subscribe({
    added: look,
    updated: look,
    deleted: ({ metadata }) => {
      if (!metadata.name.startsWith(PREFIX)) return;
      const destination = metadata.name.slice(PREFIX.length);
      known.get(destination)?.cancel();
      if (known.delete(destination)) changed(destination);
    },
  });
  return {
    silentSince: (destination) => {
      const entry = known.get(destination);
      if (!entry) return '';
      return entry.silent ? entry.renewTime : undefined;
    },
    [Symbol.dispose]: () => {
      unsubscribe();
      for (const { cancel } of known.values()) cancel();
    },
  };
}
