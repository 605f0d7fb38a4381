import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createOtlpSender } from './otlp-sender.ts';

const listen = async (server: Server): Promise<Disposable & { readonly port: number }> => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => void server.close() };
};
const senderTo = (endpoint: string, protocol: 'grpc' | 'http/protobuf') => createOtlpSender({ endpoint, protocol, insecure: true, headers: { 'x-api-key': 's3cret' }, traces: true, metrics: true });

describe(createOtlpSender, () => {
  it('outlives a collector that says something that is not percent-encoded', async () => {
    const server = createHttp2Server().on('stream', (stream) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '13', 'grpc-message': '100% broken' }, { endStream: true });
    });
    using collector = await listen(server);
    await expect(senderTo(`127.0.0.1:${collector.port}`, 'grpc')('traces', Buffer.from(''))).rejects.toThrow('the collector ended the call with status 13: 100% broken');
  });

  it('shows its headers and the login of its address to its collector, and to none that this one names', async () => {
    const asked: IncomingHttpHeaders[] = [];
    using elsewhere = await listen(createServer((request, response) => {
      asked.push({ ...request.headers, host: 'elsewhere' });
      response.end();
    }));
    using collector = await listen(createServer((request, response) => {
      asked.push(request.headers);
      response.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/` }).end();
    }));
    await expect(senderTo(`http://ada:cret@127.0.0.1:${collector.port}`, 'http/protobuf')('metrics', Buffer.from('x'))).rejects.toThrow(/^the collector answered 307 Temporary Redirect$/);
    expect(asked).toMatchObject([{ 'x-api-key': 's3cret', authorization: `Basic ${Buffer.from('ada:cret').toString('base64')}` }]);
  });
});
