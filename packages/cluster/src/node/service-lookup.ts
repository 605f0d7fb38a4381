import type { Service } from '@plinth/api';
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * What DNS is in a cluster, for programs: `db`, `db.default`, `db.default.svc` and `db.default.svc.cluster.local` are the
 * address of the Service `db` in the namespace `default`. Other names are the machine's.
 *
 * Errors: `ENOTFOUND` for a Service that is not there (`db.default.svc...`), as DNS would say.
 */
export function serviceLookup(ownNamespace: string, servicesIn: (namespace: string) => readonly Service[]): LookupFunction {
  return (hostname, options, callback) => {
    const { name, namespace = ownNamespace, isCertain } = partsOf(hostname);
    const address = name === undefined ? undefined : servicesIn(namespace).find((service) => service.metadata.name === name)?.spec?.clusterIP;
    if (address && address !== 'None') {
      if (options.all) callback(null, [{ address, family: 4 }] satisfies LookupAddress[]);
      else callback(null, address, 4);
    } else if (isCertain) {
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}: no Service ${namespace}/${name} with an address`), { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname }), '', 4);
    } else systemLookup(hostname, options, callback as never);
  };
}

/** `isCertain`: only a Service can be called so. */
function partsOf(hostname: string): { readonly name?: string; readonly namespace?: string; readonly isCertain: boolean } {
  const [name, namespace, svc, ...domain] = hostname.toLowerCase().replace(/\.$/, '').split('.');
  if (name === undefined || name === '') return { isCertain: false };
  if (namespace === undefined) return { name, isCertain: false };
  if (svc === undefined) return { name, namespace, isCertain: false };
  const isService = svc === 'svc' && (domain.length === 0 || domain.join('.') === 'cluster.local');
  return isService ? { name, namespace, isCertain: true } : { isCertain: false };
}
