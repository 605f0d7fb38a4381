import { connect, constants } from 'node:http2';
import type { TelemetryConfig } from '../config.ts';

/** Which of the two services of a collector. */
export type OtlpSignal = 'traces' | 'metrics';

/** Sends one serialised export request. Rejects with what went wrong; headers are never part of it. */
export type OtlpSender = (signal: OtlpSignal, body: Uint8Array) => Promise<void>;

/**
 * Speaks OTLP (https://opentelemetry.io/docs/specs/otlp/) as gRPC or as HTTP with protobuf. Nothing is held open between two
 * exports, and nothing is tried again: counters are cumulative, and spans are help, not record.
 */
export function createOtlpSender({ endpoint, protocol, insecure, headers }: TelemetryConfig): OtlpSender {
  const base = baseUrl(endpoint, insecure);
  return protocol === 'grpc' ? (signal, body) => sendGrpc(base, headers, signal, body) : (signal, body) => sendHttp(base, headers, signal, body);
}

const TIMEOUT_MS = 10_000;

/** `collector:4317` or a URL, whose scheme says whether there is TLS. */
function baseUrl(endpoint: string, insecure: boolean): URL {
  return new URL(/^[a-z]+:\/\//i.test(endpoint) ? endpoint : `${insecure ? 'http' : 'https'}://${endpoint}`);
}

async function sendHttp(base: URL, headers: Readonly<Record<string, string>>, signal: OtlpSignal, body: Uint8Array): Promise<void> {
  const { origin, pathname, username, password } = base;
  // fetch() refuses an address with a login, and quotes it.
  const login = username || password ? { authorization: `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`).toString('base64')}` } : {};
  const url = `${origin}${pathname.replace(/\/$/, '')}/v1/${signal}`;
  // The headers are for this server, and for none that it names.
  const response = await fetch(url, { method: 'POST', redirect: 'manual', headers: { ...login, ...headers, 'content-type': 'application/x-protobuf' }, body: new Uint8Array(body), signal: AbortSignal.timeout(TIMEOUT_MS) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the collector answered ${response.status} ${response.statusText}`);
}

const SERVICES: Readonly<Record<OtlpSignal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
};

/** One unary call (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
function sendGrpc(base: URL, headers: Readonly<Record<string, string>>, signal: OtlpSignal, body: Uint8Array): Promise<void> {
  const session = connect(base.origin);
  return new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(error);
    session.once('error', fail);
    const call = session.request({
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: SERVICES[signal],
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
    });
    let status: string | undefined;
    let message = '';
    const take = (fields: Readonly<Record<string, unknown>>): void => {
      if (fields['grpc-status'] !== undefined) status = String(fields['grpc-status']);
      if (fields['grpc-message'] !== undefined) message = decode(String(fields['grpc-message']));
      const code = fields[':status'];
      if (code !== undefined && code !== 200) status = `HTTP ${String(code)}`;
    };
    call.on('response', take);
    call.on('trailers', take);
    call.once('error', fail);
    call.once('close', () => (status === '0' ? resolve() : reject(new Error(`the collector ended the call with status ${status ?? 'none'}${message ? `: ${message}` : ''}`))));
    call.setTimeout(TIMEOUT_MS, () => call.destroy(new Error(`the collector did not answer within ${TIMEOUT_MS / 1000} s`)));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(body.byteLength, 1);
    call.resume();
    call.end(Buffer.concat([prefix, body]));
  }).finally(() => session.destroy());
}

/** Percent-encoded text, or what came in its place. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
