import { createHash, createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';

import { Redacted } from '../redacted.ts';
import { issue, newKey, type CertificateRequest, type KeyPair } from './issue.ts';
import { keyFilesIn, keyFilesInMemory, type KeyFiles } from './key-files.ts';
import { PkiError } from './pki-error.ts';

export interface PkiOptions {
  /** Where the keys are kept; absent: in memory, for as long as the process lives. */
  readonly directory?: string;
  /** Stands in the CA's name, so that a person can tell two clusters apart. */
  readonly clusterName: string;
  /** Names and addresses under which the server is reached, besides localhost and what pods call it. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly now?: () => number;
}

/** The certificate authority of one cluster and what it has issued. */
export interface ClusterPki {
  /** PEM of the CA's certificate: what clients trust, and what client certificates are checked against. */
  readonly caCert: string;
  /** What the server shows; made anew when less than a third of its life is left or when the names changed. */
  serving(): Promise<ServingCertificate>;
  /**
   * A certificate that says who its holder is. With a `file` name it is kept there (`clients/FILE.pem`) and comes back
   * the next time, as long as it says the same and lives long enough.
   */
  client(identity: ClientIdentity): Promise<KeyPair>;
  /** Signs service-account tokens. */
  readonly serviceAccountKey: ServiceAccountKey;
}

export interface ServingCertificate {
  readonly cert: string;
  readonly key: Redacted;
  readonly notAfter: Date;
}

export interface ClientIdentity {
  readonly user: string;
  readonly groups: readonly string[];
  readonly file?: string;
  /** Default: a year. */
  readonly lifetimeMs?: number;
}

export interface ServiceAccountKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const day = 24 * 60 * 60 * 1000;
const caLifetimeMs = 3650 * day;
const leafLifetimeMs = 365 * day;
/** Certificates are valid from a little before they were made, because clocks differ. */
const skewMs = 5 * 60 * 1000;
/** What Kubernetes' own programs and pods call the API server. */
const wellKnownNames = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'];
const wellKnownAddresses = ['127.0.0.1', '::1'];

/**
 * Opens the keys of a cluster, and makes those that are not there yet.
 *
 * Guarantees: what was issued before keeps working across restarts. Files are 0600 and written whole. Keys are only made
 * when none of their files exists: half of a pair, or one that does not fit, is a damage and no reason to begin anew.
 * Only what the CA can issue again at any time (the serving certificate, clients' certificates) is replaced when damaged.
 *
 * Errors: {@link PkiError}, which names the file.
 */
export async function openPki(options: PkiOptions): Promise<ClusterPki> {
  const files = options.directory === undefined ? keyFilesInMemory() : keyFilesIn(options.directory);
  const now = options.now ?? Date.now;
  const ca = await openCa(files, options.clusterName, now());
  const serviceAccountKey = await openServiceAccountKey(files);

  const leaf = async (name: string | undefined, request: Omit<CertificateRequest, 'notBefore' | 'notAfter'>, lifetimeMs: number): Promise<KeyPair> => {
    const known = name === undefined ? undefined : parseLeaf(await files.read(`${name}.pem`));
    if (known && isGood(known, ca, request, now(), lifetimeMs)) return known;
    const pair = await issue({ ...request, notBefore: new Date(now() - skewMs), notAfter: new Date(now() + lifetimeMs) }, ca);
    if (name !== undefined) {
      // One file, so that a crash while renewing leaves the old pair or the new one.
      await files.write(`${name}.pem`, pair.cert + pair.key);
    }
    return pair;
  };

  return {
    caCert: ca.cert,
    serviceAccountKey,
    serving: async () => {
      const dnsNames = unique([...wellKnownNames, ...(options.dnsNames ?? [])]);
      const ipAddresses = unique([...wellKnownAddresses, ...(options.ipAddresses ?? [])]);
      const pair = await leaf('server', { commonName: 'plinth-apiserver', use: 'server', dnsNames, ipAddresses }, leafLifetimeMs);
      return { cert: pair.cert, key: new Redacted(pair.key), notAfter: new X509Certificate(pair.cert).validToDate };
    },
    client: ({ user, groups, file, lifetimeMs = leafLifetimeMs }) => {
      if (user === '') throw new TypeError('a client certificate needs the name of a user');
      return leaf(file === undefined ? undefined : `clients/${file}`, { commonName: user, organizations: groups, use: 'client' }, lifetimeMs);
    },
  };
}

async function openCa(files: KeyFiles, clusterName: string, now: number): Promise<KeyPair> {
  const known = await readPair(files, 'ca');
  if (known) {
    const { ca, validToDate, validTo } = new X509Certificate(known.cert);
    if (!ca) throw new PkiError(files.describe('ca.crt'), 'it is a certificate, but not one of an authority');
    if (validToDate.getTime() <= now) throw new PkiError(files.describe('ca.crt'), `it was valid until ${validTo}`);
    return known;
  }
  const commonName = `plinth-${clusterName}-ca`;
  const pair = await issue({ commonName, use: 'ca', notBefore: new Date(now - skewMs), notAfter: new Date(now + caLifetimeMs) }, undefined);
  await files.write('ca.key', pair.key);
  await files.write('ca.crt', pair.cert);
  return pair;
}

async function openServiceAccountKey(files: KeyFiles): Promise<ServiceAccountKey> {
  let pem = await files.read('sa.key');
  if (pem === undefined) {
    pem = await newKey();
    await files.write('sa.key', pem);
  }
  const privateKey = parseKey(files, 'sa.key', pem);
  const publicKey = createPublicKey(privateKey);
  const keyId = createHash('sha256').update(publicKey.export({ format: 'der', type: 'spki' })).digest('base64url');
  return { keyId, privateKey, publicKey };
}

/** `undefined` for what is no certificate with its key. */
function parseLeaf(text: string | undefined): KeyPair | undefined {
  const keyAt = text?.indexOf('-----BEGIN PRIVATE KEY-----') ?? -1;
  if (text === undefined || keyAt < 0) return undefined;
  const pair = { cert: text.slice(0, keyAt), key: text.slice(keyAt) };
  try {
    return new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key)) ? pair : undefined;
  } catch {
    return undefined;
  }
}

/** The pair of files NAME.crt and NAME.key. The key is written first, so a key without a certificate is an unfinished start. */
async function readPair(files: KeyFiles, name: string): Promise<KeyPair | undefined> {
  const [cert, key] = await Promise.all([files.read(`${name}.crt`), files.read(`${name}.key`)]);
  if (cert === undefined) return undefined;
  if (key === undefined) throw new PkiError(files.describe(`${name}.key`), `it is missing, while ${name}.crt is there`);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (cause) {
    throw new PkiError(files.describe(`${name}.crt`), 'it is not a certificate in PEM', { cause });
  }
  if (!certificate.checkPrivateKey(parseKey(files, `${name}.key`, key))) {
    throw new PkiError(files.describe(`${name}.key`), `it is not the key of ${name}.crt`);
  }
  return { cert, key };
}

function parseKey(files: KeyFiles, name: string, pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // OpenSSL's own message may quote what it read.
    throw new PkiError(files.describe(name), 'it is not a private key in PEM');
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new PkiError(files.describe(name), 'it is not an ECDSA key on P-256');
  return key;
}

/** Whether a certificate from before can go on being used. */
function isGood(pair: KeyPair, ca: KeyPair, wanted: Omit<CertificateRequest, 'notBefore' | 'notAfter'>, now: number, lifetimeMs: number): boolean {
  const certificate = new X509Certificate(pair.cert);
  const issuer = new X509Certificate(ca.cert);
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return false;
  if (certificate.validToDate.getTime() - now < lifetimeMs / 3 || certificate.validFromDate.getTime() > now) return false;
  const { CN, O } = certificate.toLegacyObject().subject as { readonly CN?: unknown; readonly O?: unknown };
  const groups = O === undefined ? [] : Array.isArray(O) ? O : [O];
  if (CN !== wanted.commonName || groups.join('\n') !== (wanted.organizations ?? []).join('\n')) return false;
  return (
    (wanted.dnsNames ?? []).every((name) => certificate.checkHost(name) !== undefined) &&
    (wanted.ipAddresses ?? []).every((address) => certificate.checkIP(address) !== undefined)
  );
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];
