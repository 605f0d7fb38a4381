import { boolean, int64, object, oneOf, string } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { conditions } from '../schema/meta.ts';
import { artifact } from './artifact.ts';
import { DURATION_PATTERN, fluxColumns } from './columns.ts';

const reference = (description: string) => object(description, { name: string('Name of the Secret.') }, ['name']);

const sts = object(
  'A service that gives out credentials.',
  {
    provider: oneOf('Who runs it.', ['aws', 'ldap']),
    endpoint: string('Its address.', { pattern: '^(http|https)://.*$' }),
    secretRef: reference('Secret for logging in there.'),
    certSecretRef: reference('Secret with certificates for it.'),
  },
  ['provider', 'endpoint'],
);

/** Fields that a Destination needs are acted upon by our agent; the others are known so that they can be refused by name. */
export const buckets = customKind({
  group: 'source.toolkit.fluxcd.io',
  version: 'v1',
  kind: 'Bucket',
  plural: 'buckets',
  namespaced: true,
  description: 'A bucket of an object store whose content others apply.',
  fields: {
    spec: object(
      'The bucket.',
      {
        provider: oneOf('Who runs the object store.', ['generic', 'aws', 'gcp', 'azure'], { default: 'generic' }),
        bucketName: string('Name of the bucket.'),
        endpoint: string('Host and port of the server, without a scheme.'),
        insecure: boolean('Plain HTTP.'),
        region: string('Region of the bucket.'),
        prefix: string('Take only objects whose keys begin with this.'),
        secretRef: reference('Secret with accesskey and secretkey.'),
        certSecretRef: reference('Secret with ca.crt, and with tls.crt and tls.key for a server that asks for a certificate.'),
        proxySecretRef: reference('Secret with the address of a proxy.'),
        sts,
        serviceAccountName: string('ServiceAccount for logging in at the provider.'),
        interval: string('How often to look for changes.', { pattern: DURATION_PATTERN }),
        timeout: string('The most time that one look may take.', { default: '60s', pattern: '^([0-9]+(\\.[0-9]+)?(ms|s|m))+$' }),
        ignore: string('Keys to leave out, as in a .gitignore file.'),
        suspend: boolean('Stop looking for changes.'),
      },
      ['bucketName', 'endpoint', 'interval'],
    ),
    status: object(
      'What is known of the bucket.',
      {
        artifact,
        conditions,
        observedGeneration: int64('The generation that the status is about.'),
        observedIgnore: string('Ignored keys that the artifact was made with.'),
        url: string('Address of the newest artifact.'),
        lastHandledReconcileAt: string('The last value of reconcile.fluxcd.io/requestedAt that was acted upon.'),
      },
      [],
      { default: { observedGeneration: -1 } },
    ),
  },
  subresources: { status: true },
  columns: [{ name: 'Endpoint', type: 'string', description: 'Host and port of the server.', jsonPath: '.spec.endpoint' }, ...fluxColumns],
});
export interface Bucket extends ObjectIn<typeof buckets> {}
