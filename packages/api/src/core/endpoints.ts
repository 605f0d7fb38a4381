import { int32, list, object, string, type Of } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { objectReference } from '../schema/meta.ts';

const endpointAddress = object(
  'One address.',
  { ip: string('The address.'), hostname: string('Host name.'), nodeName: string('Node of the pod.'), targetRef: objectReference },
  ['ip'],
);
const endpointPort = object(
  'One port.',
  { name: string('Name of the port.'), port: int32('Number.'), protocol: string('TCP, UDP or SCTP.', { default: 'TCP' }), appProtocol: string('Protocol of the application.') },
  ['port'],
);
const subset = object('Addresses that share ports.', {
  addresses: list('Addresses that are ready.', endpointAddress),
  notReadyAddresses: list('Addresses that are not ready.', endpointAddress),
  ports: list('Ports of all addresses.', endpointPort),
});
export interface EndpointSubset extends Of<typeof subset> {}

export const endpoints = builtinKind({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  namespaced: true,
  description: 'The addresses behind a Service of the same name.',
  fields: { subsets: list('Groups of addresses.', subset) },
  shortNames: ['ep'],
  columns: [
    { name: 'Endpoints', type: 'string', description: 'Addresses with ports.', value: (e) => addresses(e.subsets ?? []) },
    { name: 'Age', type: 'date', description: 'Time since creation.', jsonPath: '.metadata.creationTimestamp' },
  ],
});
export interface Endpoints extends ObjectIn<typeof endpoints> {}

/** kubectl shows the first three and counts the rest. */
function addresses(subsets: readonly EndpointSubset[]): string {
  const all = subsets.flatMap((s) =>
    (s.addresses ?? []).flatMap((a) => (s.ports?.length ? s.ports.map((p) => `${a.ip}:${p.port}`) : [a.ip])),
  );
  if (all.length === 0) return '<none>';
  return all.length > 3 ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...` : all.join(',');
}
