import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { BucketError, type BucketAddress, type OpenBucket } from './bucket-remotes.ts';

/** Most requests at once, and connections kept. */
export const MAX_AT_ONCE = 16;

const MAX_OBJECT_BYTES = 64 * 1024 * 1024;

/** Real servers that speak S3. The SDK is loaded with the first of them. */
export const openS3Bucket: OpenBucket = async (address) => {
  const { GetObjectCommand, ListObjectsV2Command, S3Client } = await import('@aws-sdk/client-s3');
  const s3: S3Client = new S3Client(configOf(address));
  const { bucket: Bucket } = address;
  return {
    list: async function* (Prefix, abortSignal) {
      let next: string | undefined;
      do {
        const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, ...(next === undefined ? {} : { ContinuationToken: next }) }), { abortSignal }).catch((error: unknown) => {
          throw explain(`indexation of objects from bucket '${Bucket}' failed`, Bucket, error);
        });
        yield (page.Contents ?? []).flatMap(({ Key, ETag, Size }) => (Key === undefined ? [] : [{ key: Key, etag: plain(ETag), size: Size ?? 0 }]));
        next = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (next !== undefined);
    },
    get: async (Key, abortSignal) => {
      try {
        const { Body, ETag, ContentLength = 0 } = await s3.send(new GetObjectCommand({ Bucket, Key }), { abortSignal });
        if (ContentLength > MAX_OBJECT_BYTES) {
          // What nobody reads would hold its connection.
          if (Body instanceof Readable) Body.destroy();
          throw new Error(`it has ${ContentLength} bytes, at most ${MAX_OBJECT_BYTES} are read`);
        }
        return { etag: plain(ETag), content: Buffer.from((await Body?.transformToByteArray()) ?? []) };
      } catch (error) {
        if ((error as Error).name === 'NoSuchKey') return undefined;
        throw explain(`fetch from bucket '${Bucket}' failed: failed to get '${Key}' object`, Bucket, error);
      }
    },
    [Symbol.dispose]: () => s3.destroy(),
  };
};

function configOf({ endpoint, insecure, region, login, ca, client, timeoutMs }: BucketAddress): S3ClientConfig {
  const amazon = /(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(endpoint);
  const agent = { keepAlive: true, maxSockets: MAX_AT_ONCE };
  return {
    region: region ?? /^s3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d)\./.exec(endpoint)?.[1] ?? 'us-east-1',
    // Amazon's addresses are made by the SDK, which finds the bucket's region; everybody else has one address, with the bucket in the path.
    ...(amazon ? { followRegionRedirects: true, tls: !insecure } : { endpoint: `${insecure ? 'http' : 'https'}://${endpoint}`, forcePathStyle: true }),
    ...(login === 'ambient' ? {} : login === 'anonymous' ? { credentials: { accessKeyId: '', secretAccessKey: '' }, signer: { sign: async (request) => request } } : { credentials: { accessKeyId: login.id, secretAccessKey: login.secret } }),
    requestHandler: {
      connectionTimeout: Math.min(timeoutMs, 10_000),
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent({ ...agent, ...(ca ? { ca } : {}), ...client }),
    },
    maxAttempts: 3,
    // Servers other than Amazon's know nothing of the newer checksums.
    responseChecksumValidation: 'WHEN_REQUIRED',
  };
}

/** What the SDK throws, as far as it is looked at. */
interface S3Failure extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

function explain(what: string, bucket: string, error: unknown): BucketError {
  const { name, message, code, $metadata } = error as S3Failure;
  const status = $metadata?.httpStatusCode;
  const cause = { cause: error };
  if (name === 'NoSuchBucket') return new BucketError('BucketOperationFailed', `bucket '${bucket}' not found`, cause);
  const refused = status === 401 || status === 403 || REFUSALS.test(name);
  const text = code === 'ECONNREFUSED' ? 'connection refused' : [status, name === 'Error' || name === 'UnknownError' ? code : name, message && message !== name && message !== 'UnknownError' ? `(${message.slice(0, 300)})` : ''].filter(Boolean).join(' ');
  return new BucketError(refused ? 'AuthenticationFailed' : 'BucketOperationFailed', `${what}: ${text}`, cause);
}

/** Names of errors that no status tells: of the credentials that were looked for and not found, for one. */
const REFUSALS = /^(?:CredentialsProviderError|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken)$/;

const plain = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '');
