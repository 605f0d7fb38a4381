/** A request for a database, as an application developer writes it. */
export function request(name: string, spec: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    apiVersion: 'marketplace.kratix.io/v1alpha2',
    kind: 'postgresql',
    metadata: { name, namespace: 'default' },
    spec: { env: 'dev', teamId: 'acid', dbName: 'bestdb', ...spec },
  });
}
