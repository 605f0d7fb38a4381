import type { ObjectStore } from '@plinth/object-store';
import { prefixOf } from '../registry/served.ts';
import { DamagedValueError, decode } from '../storage/codec.ts';
import { objectAt } from './members.ts';

/** The ClusterIPs of a cluster. */
export interface ServiceAddresses extends Disposable {
  /** Takes the wanted address, or any that is free. Undefined: it is taken, not in the block, or the block is full. */
  take(wanted?: string): string | undefined;
  /** Gives back what was taken for a Service that was not written after all. */
  release(address: string): void;
  readonly cidr: string;
}

/**
 * Hands out addresses of a block such as `127.0.128.0/17`. What is taken is read from the stored Services and followed
 * by their events, so it survives a restart and needs no books of its own. The first address of the block is the API
 * server's.
 */
export function serviceAddresses(store: ObjectStore, cidr: string, random: () => number): ServiceAddresses {
  const { first, size } = parseCidr(cidr);
  const taken = new Map<string, number>();
  const add = (address: string): void => void taken.set(address, (taken.get(address) ?? 0) + 1);
  const remove = (address: string): void => {
    const count = (taken.get(address) ?? 0) - 1;
    if (count > 0) taken.set(address, count);
    else taken.delete(address);
  };
  const prefix = prefixOf({ group: '', plural: 'services' });
  for (const entry of store.list(prefix).entries) addressOf(entry).forEach(add);
  const pending = new Set<string>();
  const unwatch = store.watch(prefix, store.revision, (event) => {
    if (event.previous) addressOf(event.previous).forEach(remove);
    if (event.type === 'put') {
      for (const address of addressOf(event)) {
        add(address);
        pending.delete(address);
      }
    }
  });
  const isFree = (address: string): boolean => !taken.has(address) && !pending.has(address);
  const text = (offset: number): string => toText(first + offset);
  return {
    cidr,
    take(wanted) {
      if (wanted !== undefined) {
        const offset = toNumber(wanted) - first;
        if (!(offset >= 1 && offset < size - 1) || !isFree(wanted)) return undefined;
        pending.add(wanted);
        return wanted;
      }
      // From a random place on, so that an address that was just given back is not soon another Service's.
      const usable = size - 3;
      const start = Math.floor(random() * usable);
      for (let step = 0; step < usable; step += 1) {
        const address = text(2 + ((start + step) % usable));
        if (!isFree(address)) continue;
        pending.add(address);
        return address;
      }
      return undefined;
    },
    release: (address) => void pending.delete(address),
    [Symbol.dispose]: unwatch,
  };
}

function addressOf(entry: { readonly key: string; readonly value: Uint8Array; readonly revision: number }): readonly string[] {
  try {
    const address = objectAt(decode(entry), 'spec')?.['clusterIP'];
    return typeof address === 'string' && address !== '' && address !== 'None' ? [address] : [];
  } catch (error) {
    if (error instanceof DamagedValueError) return [];
    throw error;
  }
}

function parseCidr(cidr: string): { readonly first: number; readonly size: number } {
  const [address = '', bits = ''] = cidr.split('/');
  const length = Number(bits);
  const base = toNumber(address);
  if (!Number.isInteger(length) || length < 8 || length > 28 || Number.isNaN(base)) throw new Error(`cannot give Services addresses of ${cidr}: it must be an IPv4 block between /8 and /28`);
  const size = 2 ** (32 - length);
  return { first: Math.floor(base / size) * size, size };
}

function toNumber(address: string): number {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return Number.NaN;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

const toText = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
