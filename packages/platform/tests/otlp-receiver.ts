import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type Http2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** What arrived at a collector, decoded. */
export interface Received {
  readonly service: string;
  readonly spans: readonly ReceivedSpan[];
  readonly counters: readonly { readonly name: string; readonly value: number; readonly attributes: Readonly<Record<string, string>> }[];
}
export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
}

export interface OtlpReceiver extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly endpoint: string;
  readonly received: readonly Received[];
  readonly headers: readonly Readonly<Record<string, unknown>>[];
  readonly spans: () => readonly ReceivedSpan[];
}

/** A collector that speaks OTLP without TLS on a free port of the loopback. */
export async function startOtlpReceiver(protocol: 'grpc' | 'http/protobuf'): Promise<OtlpReceiver> {
  const received: Received[] = [];
  const headers: Readonly<Record<string, unknown>>[] = [];
  const take = (path: string, body: Buffer): void => {
    const isTraces = /trace/i.test(path);
    for (const bytes of fieldsOf(body).get(1) ?? []) received.push(isTraces ? decodeSpans(bytes as Buffer) : decodeMetrics(bytes as Buffer));
  };
  const sessions = new Set<Http2Session>();
  const server = protocol === 'grpc' ? createHttp2Server() : createHttpServer();
  if (protocol === 'grpc') {
    server.on('session', (session: Http2Session) => {
      sessions.add(session);
      session.once('close', () => sessions.delete(session));
    });
    (server as ReturnType<typeof createHttp2Server>).on('stream', (stream, head) => {
      headers.push(head);
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        take(String(head[':path']), Buffer.concat(chunks).subarray(5));
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.alloc(5));
      });
    });
  } else {
    (server as ReturnType<typeof createHttpServer>).on('request', (request, response) => {
      headers.push(request.headers);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        take(request.url ?? '', Buffer.concat(chunks));
        response.writeHead(200, { 'content-type': 'application/x-protobuf', connection: 'close' }).end();
      });
    });
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    headers,
    spans: () => received.flatMap(({ spans }) => spans),
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** https://github.com/open-telemetry/opentelemetry-proto: ResourceSpans { 1: resource, 2: ScopeSpans { 2: Span } }. */
function decodeSpans(bytes: Buffer): Received {
  const fields = fieldsOf(bytes);
  const spans = all(fields, 2).flatMap((scope) => all(fieldsOf(scope), 2)).map(fieldsOf);
  const hex = (span: Fields, field: number): string => ((span.get(field)?.[0] as Buffer | undefined) ?? Buffer.alloc(0)).toString('hex');
  return { service: serviceOf(fields), counters: [], spans: spans.map((span) => ({ name: text(span, 5), traceId: hex(span, 1), spanId: hex(span, 2), parentSpanId: hex(span, 4) })) };
}

/** ResourceMetrics { 1: resource, 2: ScopeMetrics { 2: Metric { 1: name, 7: Sum { 1: NumberDataPoint { 6: as_int, 7: attributes } } } } }. */
function decodeMetrics(bytes: Buffer): Received {
  const fields = fieldsOf(bytes);
  const metrics = all(fields, 2).flatMap((scope) => all(fieldsOf(scope), 2)).map(fieldsOf);
  const counters = metrics.flatMap((metric) =>
    all(metric, 7).flatMap((sum) => all(fieldsOf(sum), 1)).map(fieldsOf).map((point) => {
      const double = point.get(4)?.[0];
      const value = typeof double === 'bigint' ? Number(new Float64Array(new BigInt64Array([double]).buffer)[0]) : Number(point.get(6)?.[0] ?? 0n);
      return { name: text(metric, 1), value, attributes: attributesOf(point, 7) };
    }),
  );
  return { service: serviceOf(fields), spans: [], counters };
}

const serviceOf = (fields: Fields): string => attributesOf(fieldsOf(all(fields, 1)[0] ?? Buffer.alloc(0)), 1)['service.name'] ?? '';
/** KeyValue { 1: key, 2: AnyValue { 1: string } }. */
const attributesOf = (fields: Fields, field: number): Readonly<Record<string, string>> =>
  Object.fromEntries(all(fields, field).map(fieldsOf).map((pair) => [text(pair, 1), text(fieldsOf(all(pair, 2)[0]!), 1)]));

type Fields = ReadonlyMap<number, readonly (Buffer | bigint)[]>;
const all = (fields: Fields, field: number): readonly Buffer[] => (fields.get(field) ?? []) as readonly Buffer[];
const text = (fields: Fields, field: number): string => (all(fields, field)[0] ?? Buffer.alloc(0)).toString('utf8');

/** One protobuf message (https://protobuf.dev/programming-guides/encoding/), every field by its number. */
function fieldsOf(bytes: Buffer): Fields {
  const fields = new Map<number, (Buffer | bigint)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at]!;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    let value: Buffer | bigint;
    if (tag % 8 === 0) value = varint();
    else if (tag % 8 === 2) {
      const length = Number(varint());
      value = bytes.subarray(at, at + length);
      at += length;
    } else {
      const length = tag % 8 === 1 ? 8 : 4;
      value = length === 8 ? bytes.readBigInt64LE(at) : BigInt(bytes.readInt32LE(at));
      at += length;
    }
    const field = Math.floor(tag / 8);
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}
