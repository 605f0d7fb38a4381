import { secrets, type Bucket, type Secret } from '@plinth/api';
import type { Client } from '@plinth/client';
import { parseDuration } from '../../duration.ts';
import { BucketError, type BucketAddress } from './bucket-remotes.ts';

/**
 * How to reach the bucket of a Bucket, with the credentials of its Secrets: `accesskey` and `secretkey`; `ca.crt`, `tls.crt`
 * and `tls.key`. Without a Secret: what the process finds around it for provider `aws`, nothing for `generic`.
 *
 * Errors: BucketError (`AuthenticationFailed`) when a Secret is missing or does not hold these.
 */
export async function readBucketAddress(client: Client, { spec, metadata }: Bucket): Promise<BucketAddress> {
  const read = async (ref: { readonly name: string } | undefined): Promise<((key: string) => string | undefined) | undefined> => {
    if (!ref) return undefined;
    const namespace = metadata.namespace ?? '';
    const secret = await client.find<Secret>(secrets, { namespace, name: ref.name });
    if (!secret) throw new BucketError('AuthenticationFailed', `failed to get secret '${namespace}/${ref.name}': secrets "${ref.name}" not found`);
    return (key) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8').replace(/\r?\n$/, '') || undefined;
  };
  const keys = await read(spec?.secretRef);
  const [id, secret] = [keys?.('accesskey'), keys?.('secretkey')];
  if (keys && (!id || !secret)) throw new BucketError('AuthenticationFailed', `invalid '${spec?.secretRef?.name ?? ''}' secret data: required fields 'accesskey' and 'secretkey'`);
  const certificates = await read(spec?.certSecretRef);
  const [ca, cert, key] = ['ca.crt', 'tls.crt', 'tls.key'].map((name) => certificates?.(name));
  if (certificates && !ca && !(cert && key)) throw new BucketError('AuthenticationFailed', `invalid '${spec?.certSecretRef?.name ?? ''}' secret data: it holds neither 'ca.crt' nor 'tls.crt' with 'tls.key'`);
  return {
    bucket: spec?.bucketName ?? '',
    endpoint: (spec?.endpoint ?? '').replace(/^https?:\/\//, '').replace(/\/+$/, ''),
    insecure: spec?.insecure ?? false,
    ...(spec?.region ? { region: spec.region } : {}),
    login: id && secret ? { id, secret } : spec?.provider === 'aws' ? 'ambient' : 'anonymous',
    ...(ca ? { ca } : {}),
    ...(cert && key ? { client: { cert, key } } : {}),
    timeoutMs: parseDuration(spec?.timeout, 60_000),
  };
}
