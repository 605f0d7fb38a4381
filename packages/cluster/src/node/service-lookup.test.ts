import type { Service } from '@plinth/api';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { serviceLookup } from './service-lookup.ts';

const service = (name: string, clusterIP: string): Service => ({ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'shop', name }, spec: { clusterIP } });
const lookup = serviceLookup('shop', (namespace) => (namespace === 'shop' ? [service('db', '127.9.128.5'), service('peers', 'None')] : []));
const ask = promisify((hostname: string, callback: (error: Error | null, address: unknown) => void) => lookup(hostname, { family: 4 }, callback));

describe(serviceLookup, () => {
  it.each(['db', 'db.shop', 'db.shop.svc', 'DB.shop.svc.cluster.local', 'db.shop.svc.cluster.local.'])('knows %s', async (name) => {
    expect(await ask(name)).toBe('127.9.128.5');
  });

  it.each(['db.other.svc', 'gone.shop.svc.cluster.local', 'peers.shop.svc'])('says that %s is not there', async (name) => {
    await expect(ask(name)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('leaves other names to the machine', async () => {
    expect(await ask('localhost')).toBe('127.0.0.1');
  });
});
