import { getCACertificates } from 'node:tls';

/**
 * The authorities that a store's server may be of, as PEM; undefined: the system's. A Secret's `ca.crt` stands in the place of the
 * system's, as it does with Flux; the installation's own is there besides.
 */
export function authorities(installation: string | undefined, secret: string | undefined): string | undefined {
  if (!installation) return secret;
  return [installation, ...(secret ? [secret] : getCACertificates('default'))].join('\n');
}
