import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { flushPacket, packet } from '../protocol/pkt-line.ts';
import type { Repository } from '../repository/repository.ts';
import type { GitServerLimits } from './options.ts';
import { advertiseReceivePack, serveReceivePack } from './receive-pack.ts';
import type { RefUpdate } from './receive-pack.ts';
import { HttpRefusal, withBody } from './request-body.ts';
import type { HeldBytes } from './request-body.ts';
import { advertiseUploadPack, serveV0 } from './upload-pack-v0.ts';
import { advertiseV2, serveV2 } from './upload-pack-v2.ts';

export type Service = 'git-upload-pack' | 'git-receive-pack';

export function isService(text: string | null): text is Service {
  return text === 'git-upload-pack' || text === 'git-receive-pack';
}

const noCache = { 'cache-control': 'no-cache, max-age=0, must-revalidate', pragma: 'no-cache', expires: 'Fri, 01 Jan 1980 00:00:00 GMT' };

/** `GET /OWNER/NAME/info/refs?service=...` */
export function answerInfoRefs(repository: Repository, service: Service, request: IncomingMessage, response: ServerResponse): void {
  const version = protocolVersion(request);
  const body = service === 'git-receive-pack' ? advertiseReceivePack(repository, version === 1) : version === 2 ? advertiseV2() : advertiseUploadPack(repository, version === 1);
  // Version 2 needs no such line, but git's own server writes it, and some clients want it.
  const preamble = Buffer.concat([packet(`# service=${service}\n`), flushPacket]);
  response.writeHead(200, { ...noCache, 'content-type': `application/x-${service}-advertisement` });
  response.end(Buffer.concat([preamble, body]));
}

/** `POST /OWNER/NAME/git-upload-pack` and `.../git-receive-pack` */
export async function answerService(
  repository: Repository,
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  context: { readonly limits: GitServerLimits; readonly held: HeldBytes; readonly signal: AbortSignal; readonly onUpdate: (update: RefUpdate) => void; readonly log: (message: string, error: unknown) => void },
): Promise<void> {
  // Browsers do not send this type across origins without asking, so a web page cannot push with a user's credentials.
  if (request.headers['content-type'] !== `application/x-${service}-request`) throw new HttpRefusal(415, `expected content type application/x-${service}-request`);
  const { limits, held, signal } = context;
  const headers = { ...noCache, 'content-type': `application/x-${service}-result` };
  await withBody(request, limits.maxRequestBytes, held, async (body) => {
    if (service === 'git-receive-pack') {
      const packLimits = { maxObjects: limits.maxObjects, maxObjectBytes: limits.maxObjectBytes, maxTotalBytes: limits.maxPackBytes };
      const report = await serveReceivePack(repository, body, { ...context, limits: packLimits });
      response.writeHead(200, headers);
      response.end(report);
      return;
    }
    const serve = protocolVersion(request) === 2 ? serveV2 : serveV0;
    response.writeHead(200, headers);
    for await (const chunk of serve(repository, body, signal)) {
      if (!response.write(chunk)) await once(response, 'drain', { signal });
    }
    response.end();
  });
}

function protocolVersion(request: IncomingMessage): number {
  const header = String(request.headers['git-protocol'] ?? '');
  const versions = header.split(':').map((part) => Number(/^version=(\d)$/.exec(part)?.[1] ?? 0));
  return Math.max(0, ...versions.filter((version) => version <= 2));
}
