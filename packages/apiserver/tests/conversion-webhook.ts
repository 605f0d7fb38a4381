import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issue } from '../src/pki/issue.ts';

type Json = Record<string, unknown>;
interface Widget extends Json {
  apiVersion: string;
  metadata: Json;
  spec: Json;
}

/** A server that converts widgets over HTTPS, as people write them: v1 has `size: 3Gi`, v2 has `size: { amount: 3, unit: Gi }`. */
export interface ConversionWebhook extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Base64 of the authority that its certificate is of. */
  readonly caBundle: string;
  /** How many objects each review had. */
  readonly asked: number[];
  /** Changes the answer of what follows. */
  answer: (review: Json) => unknown;
  /** Waits before it answers. */
  before: () => Promise<void>;
}

export async function startConversionWebhook({ host = '127.0.0.1', dnsNames = [] as readonly string[] } = {}): Promise<ConversionWebhook> {
  const times = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const ca = await issue({ commonName: 'ca', use: 'ca', ...times }, undefined);
  const { key, cert } = await issue({ commonName: 'webhook', use: 'server', dnsNames, ipAddresses: ['127.0.0.1'], ...times }, ca);
  const asked: number[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const review = JSON.parse(Buffer.concat(chunks).toString()) as Json & { request: { uid: string; desiredAPIVersion: string; objects: Widget[] } };
      asked.push(review.request.objects.length);
      await webhook.before();
      const { uid, desiredAPIVersion, objects } = review.request;
      const answer = { apiVersion: review['apiVersion'], kind: 'ConversionReview', response: { uid, result: { status: 'Success' }, convertedObjects: objects.map((object) => convert(object, desiredAPIVersion)) } };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(webhook.answer(answer)));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const webhook: ConversionWebhook = {
    url: `https://${host}:${port}/convert`,
    port,
    caBundle: Buffer.from(ca.cert).toString('base64'),
    asked,
    answer: (review) => review,
    before: async () => {},
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return webhook;
}

function convert({ spec, ...object }: Widget, apiVersion: string): Widget {
  const { size } = spec;
  const [, amount = '', unit = ''] = /^(\d+)(.*)$/.exec(String(size)) ?? [];
  const { amount: number, unit: of } = (typeof size === 'object' ? size : {}) as { amount?: number; unit?: string };
  return { ...object, apiVersion, spec: { ...spec, size: apiVersion.endsWith('/v2') ? { amount: Number(amount), unit } : `${number}${of}` } };
}
