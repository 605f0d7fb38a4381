import { createHash, createHmac } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createRequire } from 'node:module';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An S3 server with an empty bucket, which can be made to fail. */
export interface S3Server extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKey: { readonly id: string; readonly secret: string };
  /** `PUT /bucket/key` and the like, as they came; what was refused is among them. */
  readonly requests: string[];
  /** Answers that come instead of the server's own, for the requests that it is true of. */
  failWith(status: number | undefined, concerns?: (request: IncomingMessage) => boolean): void;
  /** Most requests that were being answered at once. */
  readonly mostAtOnce: number;
}

interface Rver {
  configureBuckets(): Promise<unknown>;
  callback(): RequestListener;
  readonly logger: { close(): void; readonly exceptions: { unhandle(): void } };
}

/** s3rver (https://github.com/20minutes/s3rver) on loopback. `tls`: over HTTPS. */
export async function startS3Server(options: { readonly tls?: { readonly key: string; readonly cert: string } } = {}): Promise<S3Server> {
  const S3rver = createRequire(import.meta.url)('@20minutes/s3rver') as new (options: object) => Rver;
  const directory = await mkdtemp(join(tmpdir(), 'plinth-s3-'));
  const bucket = 'store';
  const rver = new S3rver({ directory, silent: true, serviceEndpoint: 'localhost', vhostBuckets: false, allowMismatchedSignatures: true, configureBuckets: [{ name: bucket }] });
  await rver.configureBuckets();
  const answer = rver.callback();
  const requests: string[] = [];
  let fault: { readonly status: number; readonly concerns: (request: IncomingMessage) => boolean } | undefined;
  let [running, mostAtOnce] = [0, 0];
  const handle: RequestListener = (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    mostAtOnce = Math.max(mostAtOnce, ++running);
    response.once('close', () => running--);
    const refuse = (status: number, code: string, message: string): void => {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
    };
    if (fault?.concerns(request)) return refuse(fault.status, 'SlowDown', 'Please reduce your request rate.');
    // s3rver takes `/bucket/`, as the SDK writes it, for `/bucket` and then finds the signature wrong: it is checked here.
    if (request.headers.authorization?.includes('Credential=S3RVER/') && !isSigned(request, 'S3RVER')) return refuse(403, 'SignatureDoesNotMatch', 'The signature does not match.');
    answer(request, response);
  };
  const server = options.tls ? createHttpsServer(options.tls, handle) : createHttpServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket,
    accessKey: { id: 'S3RVER', secret: 'S3RVER' },
    requests,
    get mostAtOnce() {
      return mostAtOnce;
    },
    failWith: (status, concerns = () => true) => (fault = status === undefined ? undefined : { status, concerns }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rver.logger.exceptions.unhandle();
      rver.logger.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
function isSigned(request: IncomingMessage, secret: string): boolean {
  const [, credential = '', signedHeaders = '', signature = ''] = /Credential=[^/]+\/([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=(\S+)/.exec(request.headers.authorization!) ?? [];
  const [path = '', query = ''] = request.url!.split('?');
  const headers = signedHeaders.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [request.method, path, query.split('&').toSorted().join('&'), headers.join(''), signedHeaders, request.headers['x-amz-content-sha256']].join('\n');
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], credential, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = credential.split('/').reduce<string | Buffer>((before, part) => createHmac('sha256', before).update(part).digest(), `AWS4${secret}`);
  return createHmac('sha256', key).update(text).digest('hex') === signature;
}
