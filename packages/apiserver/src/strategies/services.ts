import { fieldInvalid, fieldRequired, invalid, type StatusCause, type UnstructuredObject } from '@plinth/apimachinery';
import type { Draft, Reservation, Strategy } from '../registry/strategy.ts';
import { ensureObject, fillIn, listAt, objectAt, ownItems, type Members } from './members.ts';
import type { ServiceAddresses } from './service-addresses.ts';

/** Services. Without addresses to give, only headless Services and ones that bring their own get along. */
export function serviceStrategy(addresses: ServiceAddresses | undefined): Partial<Strategy> {
  return {
    prepare: (draft, old) => {
      const spec = ensureObject(draft, 'spec');
      fillIn(spec, { type: 'ClusterIP', sessionAffinity: 'None' });
      for (const port of ownItems(spec, 'ports')) fillIn(port, { protocol: 'TCP', targetPort: port['port'] });
      if (spec['type'] === 'ExternalName') {
        delete spec['clusterIP'];
        delete spec['clusterIPs'];
        return;
      }
      fillIn(spec, { internalTrafficPolicy: 'Cluster', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
      if (spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer') fillIn(spec, { externalTrafficPolicy: 'Cluster' });
      const before = objectAt(old, 'spec')?.['clusterIP'];
      // An update that does not speak of the address keeps it.
      if (before !== undefined && !spec['clusterIP']) spec['clusterIP'] = before;
      if (spec['clusterIP']) spec['clusterIPs'] = [spec['clusterIP']];
      if (!old) draft['status'] = { loadBalancer: {} };
    },
    validate: (service, old) => [...specCauses(objectAt(service, 'spec') ?? {}), ...(old ? changeCauses(service, old) : [])],
    reserve: (draft, old) => reserve(addresses, draft, old),
  };
}

function reserve(addresses: ServiceAddresses | undefined, draft: Draft, old: UnstructuredObject | undefined): Reservation | undefined {
  const spec = draft['spec'] as Members;
  const wanted = typeof spec['clusterIP'] === 'string' ? spec['clusterIP'] : '';
  if (spec['type'] === 'ExternalName' || wanted === 'None') return undefined;
  // An address stays for life; validation refuses another one.
  if (objectAt(old, 'spec')?.['clusterIP']) return undefined;
  if (!addresses) return undefined;
  const address = addresses.take(wanted || undefined);
  if (address === undefined) {
    const why = wanted ? `failed to allocate IP ${wanted}: the provided IP is not in the valid range ${addresses.cidr}, or is already allocated` : `failed to allocate an IP: the range ${addresses.cidr} is full`;
    throw invalid({ group: '', kind: 'Service' }, draft.metadata.name, [fieldInvalid('spec.clusterIPs', wanted ? [wanted] : [], why)]);
  }
  spec['clusterIP'] = address;
  spec['clusterIPs'] = [address];
  return { release: () => addresses.release(address) };
}

function specCauses(spec: Readonly<Members>): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const ports = listAt(spec, 'ports');
  if (spec['type'] === 'ExternalName') {
    if (!spec['externalName']) causes.push(fieldRequired('spec.externalName'));
    return causes;
  }
  if (ports.length === 0 && spec['clusterIP'] !== 'None') causes.push(fieldRequired('spec.ports'));
  const names = new Set<unknown>();
  ports.forEach(({ name, port, protocol }, index) => {
    const at = `spec.ports[${index}]`;
    if (ports.length > 1 && !name) causes.push(fieldRequired(`${at}.name`));
    if (name !== undefined && names.has(name)) causes.push({ reason: 'FieldValueDuplicate', field: `${at}.name`, message: `Duplicate value: ${JSON.stringify(name)}` });
    names.add(name);
    if (typeof port !== 'number' || port < 1 || port > 65_535) causes.push(fieldInvalid(`${at}.port`, port, 'must be between 1 and 65535, inclusive'));
    if (typeof protocol === 'string' && !['TCP', 'UDP', 'SCTP'].includes(protocol)) {
      causes.push({ reason: 'FieldValueNotSupported', field: `${at}.protocol`, message: `Unsupported value: ${JSON.stringify(protocol)}: supported values: "SCTP", "TCP", "UDP"` });
    }
  });
  return causes;
}

function changeCauses(service: UnstructuredObject, old: UnstructuredObject): readonly StatusCause[] {
  const [spec = {}, before = {}] = [objectAt(service, 'spec'), objectAt(old, 'spec')];
  if (!before['clusterIP'] || spec['type'] === 'ExternalName' || before['type'] === 'ExternalName') return [];
  return spec['clusterIP'] === before['clusterIP'] ? [] : [fieldInvalid('spec.clusterIPs[0]', [spec['clusterIP']], 'may not change once set')];
}
