import { createPrivateKey, randomBytes, webcrypto, type KeyObject } from 'node:crypto';

/** What one certificate is to say. */
export interface CertificateRequest {
  readonly commonName: string;
  /** `O` of the subject, in order: Kubernetes takes them as groups. */
  readonly organizations?: readonly string[];
  readonly use: 'ca' | 'server' | 'client';
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A private key (PKCS #8) and the certificate for it, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;

/**
 * Makes an ECDSA P-256 key and a certificate for it, signed by `issuer`, or by itself when there is none.
 *
 * The certificate library is loaded here, on first use: it costs about 100 ms and 20 MB, and a server that starts again
 * with the keys it has never needs it.
 */
export async function issue(request: CertificateRequest, issuer: KeyPair | undefined): Promise<KeyPair> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);
  const issuerCert = issuer ? new x509.X509Certificate(issuer.cert) : undefined;
  const signingKey = issuer ? await importKey(createPrivateKey(issuer.key)) : keys.privateKey;
  const isCa = request.use === 'ca';
  const { KeyUsageFlags } = x509;
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const extensions = [
    new x509.BasicConstraintsExtension(isCa, isCa ? 0 : undefined, true),
    new x509.KeyUsagesExtension(isCa ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature : KeyUsageFlags.digitalSignature, true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
    await x509.AuthorityKeyIdentifierExtension.create(issuerCert ? await issuerCert.publicKey.export(webcrypto) : keys.publicKey, false, webcrypto),
    ...(isCa ? [] : [new x509.ExtendedKeyUsageExtension([request.use === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth])]),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
  ];
  const subject = new x509.Name([...(request.organizations ?? []).map((group) => ({ O: [{ utf8String: group }] })), { CN: [{ utf8String: request.commonName }] }]);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject,
      issuer: issuerCert ? issuerCert.subjectName : subject,
      notBefore: request.notBefore,
      notAfter: request.notAfter,
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: signing,
      extensions,
    },
    webcrypto,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    cert: `${certificate.toString('pem').trimEnd()}\n`,
    key: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

/** 127 random bits with the top one set: unique, positive and of constant length (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function importKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', key.export({ format: 'der', type: 'pkcs8' }), curve, false, ['sign']);
}

/** An ECDSA P-256 key in PEM, without a certificate. */
export async function newKey(): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }).toString();
}

