import { endpoints, services, type Endpoints, type Service } from '@plinth/api';
import { keyOf, keyString } from '@plinth/apimachinery';
import type { Cache, Clock, Logger } from '@plinth/controller-runtime';
import type { EventRecorder } from '../events/recorder.ts';
import type { ServicePort } from '../objects/types.ts';
import { createForwarder, type Forwarder, type Target } from './forwarder.ts';

export interface ServiceProxyOptions {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly log: Logger;
  /** Only addresses for which this is true are listened at. */
  readonly isOurs: (clusterIP: string) => boolean;
}

/**
 * Listens at the address and the ports of every Service and passes connections on to its ready endpoints. Listeners stay
 * while endpoints come and go.
 */
export async function startServiceProxy({ cache, clock, events, log, isOurs }: ServiceProxyOptions): Promise<AsyncDisposable> {
  const serviceInformer = cache.informer<Service>(services);
  const endpointsInformer = cache.informer<Endpoints>(endpoints);
  /** By Service, then by `ip:port`. */
  const listening = new Map<string, Map<string, Forwarder>>();
  const closing = new Set<Promise<void>>();
  const retries = new Set<() => void>();
  let closed = false;

  const close = (forwarder: Forwarder): void => {
    const done = Promise.resolve(forwarder[Symbol.asyncDispose]()).finally(() => closing.delete(done));
    closing.add(done);
  };
  const targetsOf = (service: Service, port: ServicePort) => (): readonly Target[] => {
    const name = port.name ?? '';
    const found = endpointsInformer.get(keyOf(service));
    return (found?.subsets ?? []).flatMap((subset) => {
      const ports = (subset.ports ?? []).filter((each) => (each.name ?? '') === name && (each.protocol ?? 'TCP') === 'TCP');
      return ports.flatMap((each) => (subset.addresses ?? []).map((address) => ({ host: address.ip, port: each.port })));
    });
  };
  const open = (service: Service, ip: string, port: ServicePort): Forwarder =>
    createForwarder({
      host: ip,
      port: port.port,
      targets: targetsOf(service, port),
      failed: (error) => {
        const message = `cannot listen at ${ip}:${port.port}: ${explain(error)}`;
        log.warn({ kind: 'Service', ...keyOf(service), err: error }, 'listening for a service failed');
        events.record(services, service, { type: 'Warning', reason: 'FailedToListen', message });
        if (error.code === 'EADDRINUSE') retryLater(service);
      },
    });
  /** Another process holds the address, perhaps one of ours that is about to end. */
  const retryLater = (service: Service): void => {
    const cancel = clock.setTimeout(() => {
      retries.delete(cancel);
      const current = serviceInformer.get(keyOf(service));
      const key = keyString(keyOf(service));
      for (const forwarder of listening.get(key)?.values() ?? []) close(forwarder);
      listening.delete(key);
      if (current) settle(current);
    }, RETRY_MS);
    retries.add(cancel);
  };
  const settle = (service: Service): void => {
    if (closed) return;
    const key = keyString(keyOf(service));
    const ip = service.spec?.clusterIP;
    const wanted = new Map(
      ip && ip !== 'None' && isOurs(ip) && !service.metadata.deletionTimestamp
        ? (service.spec?.ports ?? []).filter((port) => (port.protocol ?? 'TCP') === 'TCP').map((port) => [`${ip}:${port.port}:${port.name ?? ''}`, port])
        : [],
    );
    const current = listening.get(key) ?? new Map<string, Forwarder>();
    for (const [address, forwarder] of current) {
      if (wanted.has(address)) continue;
      close(forwarder);
      current.delete(address);
    }
    for (const [address, port] of wanted) if (!current.has(address)) current.set(address, open(service, ip!, port));
    if (current.size > 0) listening.set(key, current);
    else listening.delete(key);
  };

  await Promise.all([serviceInformer.synced, endpointsInformer.synced]);
  const unsubscribe = serviceInformer.subscribe({
    added: settle,
    updated: settle,
    deleted: (service) => settle({ ...service, spec: {} }),
  });
  await Promise.all([...listening.values()].flatMap((all) => [...all.values()].map(({ ready }) => ready)));

  return {
    [Symbol.asyncDispose]: async () => {
      closed = true;
      unsubscribe();
      for (const cancel of retries) cancel();
      for (const all of listening.values()) for (const forwarder of all.values()) close(forwarder);
      listening.clear();
      await Promise.all(closing);
    },
  };
}

const RETRY_MS = 1000;

function explain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRNOTAVAIL':
      return 'this machine has no such loopback address (macOS has 127.0.0.1 only); add it with "sudo ifconfig lo0 alias ADDRESS", or connect to the pod instead';
    case 'EACCES':
      return 'ports below 1024 need privileges that Plinth was not started with; choose a higher port';
    case 'EADDRINUSE':
      return 'another process listens there already';
    default:
      return error.message;
  }
}
