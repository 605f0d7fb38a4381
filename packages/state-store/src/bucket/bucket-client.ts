import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { explain, isNotThere } from './explain.ts';
import { limitTo } from './limit-to.ts';
import type { BucketStateStoreOptions } from './options.ts';

/** What the server says of an object that was uploaded. */
export interface Uploaded {
  readonly etag: string;
  /** Where the bucket keeps versions. */
  readonly versionId: string | undefined;
}

/** Largest object that is read; about what an index can be. */
const maxObjectBytes = 64 * 1024 * 1024;

/** The few calls to S3 that a state store needs, a bounded number at once. Rejects with a StateStoreError alone. ETags come without quotes. */
export class BucketClient implements Disposable {
  readonly #s3: S3Client;
  readonly #bucket: string;
  /** For messages. */
  readonly #where: string;
  readonly #limit: <T>(act: () => Promise<T>) => Promise<T>;

  constructor(options: BucketStateStoreOptions) {
    const { bucket, endpoint, insecure = false, accessKey, ca, timeoutMs = 30_000, attempts = 3, concurrency = 16 } = options;
    const host = endpoint.replace(/^https?:\/\//, '').replace(/\/+$/, '');
    const amazon = /(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(host);
    this.#bucket = bucket;
    this.#where = `bucket ${JSON.stringify(bucket)} at ${host}`;
    this.#limit = limitTo(concurrency);
    const region = options.region ?? /^s3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d)\./.exec(host)?.[1] ?? process.env['AWS_REGION'] ?? 'us-east-1';
    const agent = { keepAlive: true, maxSockets: concurrency };
    this.#s3 = new S3Client({
      region,
      // Amazon's addresses are made by the SDK, which finds the bucket's region; everybody else has one address, with the bucket in the path.
      ...(amazon ? { followRegionRedirects: true, useDualstackEndpoint: options.useDualStack ?? false, tls: !insecure } : { endpoint: `${insecure ? 'http' : 'https'}://${host}`, forcePathStyle: true }),
      ...(accessKey ? { credentials: { accessKeyId: accessKey.id, secretAccessKey: accessKey.secret, ...(accessKey.sessionToken ? { sessionToken: accessKey.sessionToken } : {}) } } : {}),
      requestHandler: {
        connectionTimeout: Math.min(timeoutMs, 10_000),
        requestTimeout: timeoutMs,
        throwOnRequestTimeout: true,
        httpAgent: new HttpAgent(agent),
        httpsAgent: new HttpsAgent({ ...agent, ...(ca ? { ca } : {}) }),
      },
      maxAttempts: attempts,
      // Servers other than Amazon's refuse the newer checksums.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** ETags by key, of all objects whose key begins with `prefix`. */
  async list(prefix: string, signal: AbortSignal): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    let next: string | undefined;
    do {
      const page = await this.#call(`list ${prefix || '/'}`, () => this.#s3.send(new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ...(next === undefined ? {} : { ContinuationToken: next }) }), { abortSignal: signal }));
      for (const { Key, ETag } of page.Contents ?? []) if (Key !== undefined) found.set(Key, plain(ETag));
      next = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (next !== undefined);
    return found;
  }

  /** Undefined when there is no such object. */
  async etag(key: string, signal: AbortSignal): Promise<string | undefined> {
    return this.#call(`look at ${key}`, async () => {
      try {
        return plain((await this.#s3.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }), { abortSignal: signal })).ETag);
      } catch (error) {
        if (isNotThere(error)) return undefined;
        throw error;
      }
    });
  }

  /** Undefined when there is no such object. */
  async get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#call(`read ${key}`, async () => {
      try {
        const { Body, ContentLength = 0 } = await this.#s3.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }), { abortSignal: signal });
        if (ContentLength > maxObjectBytes) {
          // What nobody reads would hold its connection.
          if (Body instanceof Readable) Body.destroy();
          throw new Error(`it has ${ContentLength} bytes, at most ${maxObjectBytes} are read`);
        }
        return await Body?.transformToByteArray();
      } catch (error) {
        if (isNotThere(error)) return undefined;
        throw error;
      }
    });
  }

  async put(key: string, content: Uint8Array, signal: AbortSignal): Promise<Uploaded> {
    return this.#call(`write ${key}`, async () => {
      const { ETag, VersionId } = await this.#s3.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: content, ContentLength: content.length }), { abortSignal: signal });
      return { etag: plain(ETag), versionId: VersionId };
    });
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    await this.#call(`delete ${key}`, () => this.#s3.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }), { abortSignal: signal }));
  }

  /** Begins an upload to `key` and gives it up: whether writing is allowed, without a trace. */
  async probe(key: string, signal: AbortSignal): Promise<void> {
    const target = { Bucket: this.#bucket, Key: key };
    const { UploadId } = await this.#call(`check the permission to write ${key}`, () => this.#s3.send(new CreateMultipartUploadCommand(target), { abortSignal: signal }));
    try {
      await this.#limit(() => this.#s3.send(new AbortMultipartUploadCommand({ ...target, UploadId }), { abortSignal: signal }));
    } catch {
      // Some servers cannot; an upload without parts is nothing.
    }
  }

  [Symbol.dispose](): void {
    this.#s3.destroy();
  }

  async #call<T>(what: string, act: () => Promise<T>): Promise<T> {
    try {
      return await this.#limit(act);
    } catch (error) {
      throw explain(`cannot ${what} in ${this.#where}`, error);
    }
  }
}

const plain = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '');
