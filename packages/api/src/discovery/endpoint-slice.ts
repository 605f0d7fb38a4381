import { boolean, freeObject, int32, list, object, set, field, string, stringMap } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { objectReference } from '../schema/meta.ts';

export const endpointSlices = builtinKind({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
  description: 'Some of the addresses behind a Service.',
  fields: {
    addressType: string('IPv4, IPv6 or FQDN.'),
    endpoints: list(
      'The addresses.',
      object(
        'Addresses of one pod.',
        {
          addresses: set('The addresses.', field<string>({ type: 'string' })),
          conditions: object('State of the pod.', { ready: boolean('Ready.'), serving: boolean('Serving.'), terminating: boolean('On its way out.') }),
          hostname: string('Host name.'),
          targetRef: objectReference,
          nodeName: string('Node.'),
          zone: string('Zone.'),
          deprecatedTopology: stringMap('Topology.'),
          hints: freeObject('Hints for routing.'),
        },
        ['addresses'],
      ),
    ),
    ports: list(
      'Ports of all addresses.',
      object('A port.', { name: string('Name.'), protocol: string('TCP, UDP or SCTP.', { default: 'TCP' }), port: int32('Number.'), appProtocol: string('Protocol of the application.') }),
    ),
  },
  required: ['addressType', 'endpoints'],
  columns: [
    { name: 'AddressType', type: 'string', description: 'IPv4, IPv6 or FQDN.', jsonPath: '.addressType' },
    { name: 'Ports', type: 'string', description: 'Ports.', value: (s) => (s.ports ?? []).map((p) => p.port ?? '*').join(',') || '<unset>' },
    { name: 'Endpoints', type: 'string', description: 'Addresses.', value: (s) => shortened(s.endpoints.flatMap((e) => e.addresses)) },
    age,
  ],
});
export interface EndpointSlice extends ObjectIn<typeof endpointSlices> {}

const shortened = (all: readonly string[]): string => {
  if (all.length === 0) return '<unset>';
  return all.length > 3 ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...` : all.join(',');
};
