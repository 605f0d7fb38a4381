import { int32, list, object, oneOf, string, stringList, type Of } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { typedLocalReference } from './typed-local-reference.ts';

const backend = object('Where requests go: a Service, or an object that the controller knows.', {
  service: object(
    'A Service of the same namespace.',
    {
      name: string('Name of the Service.'),
      port: object('Port of the Service; one of the two.', { name: string('Name of the port.'), number: int32('Number of the port.') }),
    },
    ['name'],
  ),
  resource: typedLocalReference,
});
export interface IngressBackend extends Of<typeof backend> {}

const path = object(
  'Requests whose path matches go to the backend.',
  {
    path: string('Begins with "/". Absent: every path.'),
    pathType: oneOf('How the path is compared.', ['Exact', 'Prefix', 'ImplementationSpecific']),
    backend,
  },
  ['pathType', 'backend'],
);
export interface IngressPath extends Of<typeof path> {}

const rule = object('Requests for one host.', {
  host: string('Host of the request; "*." in front stands for one label. Absent: every host.'),
  http: object('What becomes of HTTP requests.', { paths: list('The paths.', path) }, ['paths']),
});
export interface IngressRule extends Of<typeof rule> {}

export const ingresses = builtinKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  namespaced: true,
  description: 'Leads HTTP requests from outside to Services, by host and path.',
  fields: {
    spec: object('What leads where.', {
      ingressClassName: string('The IngressClass, and so who serves it.'),
      defaultBackend: backend,
      tls: list('Certificates.', object('A certificate and its hosts.', { hosts: stringList('Hosts.'), secretName: string('Secret with the certificate.') })),
      rules: list('The rules. Without any, everything goes to the default backend.', rule),
    }),
    status: object('What is known of the Ingress.', {
      loadBalancer: object('Where it is served.', {
        ingress: list(
          'Entry points.',
          object('An entry point.', {
            ip: string('Address.'),
            hostname: string('Name.'),
            ports: list('Ports.', object('A port.', { port: int32('Number.'), protocol: string('TCP, UDP or SCTP.'), error: string('What is wrong with it.') }, ['port', 'protocol'])),
          }),
        ),
      }),
    }),
  },
  shortNames: ['ing'],
  subresources: { status: true },
  columns: [
    { name: 'Class', type: 'string', description: 'The IngressClass.', value: ({ spec }) => spec?.ingressClassName ?? '<none>' },
    { name: 'Hosts', type: 'string', description: 'Hosts of the rules.', value: ({ spec }) => hostsOf((spec?.rules ?? []).map(({ host }) => host)) },
    { name: 'Address', type: 'string', description: 'Entry points.', value: ({ status }) => (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').join(',') },
    { name: 'Ports', type: 'string', description: 'Ports of the entry points.', value: ({ spec }) => (spec?.tls?.length ? '80, 443' : '80') },
    age,
  ],
});
export interface Ingress extends ObjectIn<typeof ingresses> {}

function hostsOf(all: readonly (string | undefined)[]): string {
  const hosts = all.filter((host) => host !== undefined && host !== '');
  if (hosts.length === 0) return '*';
  return hosts.length > 3 ? `${hosts.slice(0, 3).join(',')} + ${hosts.length - 3} more...` : hosts.join(',');
}
