import { leases, type Lease } from '@plinth/api';
import { isNotFound } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import type { Clock } from '@plinth/controller-runtime';

/** Where the Leases of destinations are. */
export const LEASE_NAMESPACE = 'kratix-platform-system';
export const leaseName = (destination: string): string => `destination-${destination}`;

export const RENEW_MS = 10_000;
export const LEASE_SECONDS = 40;

/** Says once that the reporter of a destination is alive and that what it reported last still holds. */
export async function renewLease(platform: Client, destination: string, holderIdentity: string, clock: Clock): Promise<void> {
  const key = { namespace: LEASE_NAMESPACE, name: leaseName(destination) };
  const spec = { holderIdentity, leaseDurationSeconds: LEASE_SECONDS, renewTime: new Date(clock.now()).toISOString().replace('Z', '000Z') };
  try {
    await platform.patch(leases, key, 'merge', { spec });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await platform.create<Lease>(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: key, spec });
  }
}
