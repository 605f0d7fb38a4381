import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { TelemetryConfig } from '../config.ts';
import { openTelemetry } from './open-telemetry.ts';
import { platformLogger } from './platform-logger.ts';
import { NO_TELEMETRY } from './telemetry.ts';

const SECRET = 'Bearer 12345';
const object = { apiVersion: 'v1', kind: 'A', metadata: { name: 'a' } };
const config = (endpoint: string, protocol: TelemetryConfig['protocol']): TelemetryConfig => ({ endpoint, protocol, insecure: true, headers: { Authorization: SECRET }, traces: true, metrics: true });

/** Answers every call with a failure that repeats what it was sent. */
async function startRefusing(): Promise<{ readonly endpoint: string } & AsyncDisposable> {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.resume();
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16', 'grpc-message': 'who%20are%20you' }, { endStream: true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

function recordingLogger() {
  const lines: string[] = [];
  const write = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? value.message : value))}`);
  return { lines, log: { debug: write, info: write, warn: write, error: write } };
}

describe(openTelemetry, () => {
  it('says once for each signal that a collector refuses it, without the headers', async () => {
    await using collector = await startRefusing();
    const { lines, log } = recordingLogger();
    const telemetry = openTelemetry(config(collector.endpoint, 'grpc'), log);
    await telemetry.span({ name: 'a', object }, async () => {});
    telemetry.placementWritten({ result: 'success', promise: 'p', resource: 'r', destination: 'd', pipeline: 'x' });
    await telemetry[Symbol.asyncDispose]();
    expect(lines.toSorted()).toEqual(['metrics', 'traces'].map((signal) => `telemetry could not be exported {"endpoint":"${collector.endpoint}","signal":"${signal}","err":"the collector ended the call with status 16: who are you"}`));
    expect(lines.join()).not.toContain(SECRET);
  });
  it('does not stand in the way when nobody is there', async () => {
    const { endpoint, [Symbol.asyncDispose]: close } = await startRefusing();
    await close();
    for (const protocol of ['grpc', 'http/protobuf'] as const) {
      const { lines, log } = recordingLogger();
      const telemetry = openTelemetry(config(endpoint, protocol), log);
      expect(await telemetry.span({ name: 'a', object }, async () => 'done')).toBe('done');
      await expect(telemetry.span({ name: 'a', object }, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
      await telemetry[Symbol.asyncDispose]();
      expect(lines.join()).toContain('telemetry could not be exported');
      expect(lines.join()).not.toContain(SECRET);
    }
  });
});

describe(platformLogger, () => {
  it('adds Promise, request and trace to what controllers log', () => {
    const { lines, log } = recordingLogger();
    const complete = platformLogger(log, { ...NO_TELEMETRY, traceId: () => 'abc' });
    complete.info({ controller: 'request:bucket', namespace: 'default', name: 'one' }, 'reconciled');
    complete.info({ controller: 'promise', name: 'bucket' }, 'reconciled');
    platformLogger(log, NO_TELEMETRY).info({ other: 1 }, 'else');
    expect(lines).toEqual([
      'reconciled {"controller":"request:bucket","namespace":"default","name":"one","promise":"bucket","resourceRequest":"bucket/default/one","trace_id":"abc"}',
      'reconciled {"controller":"promise","name":"bucket","promise":"bucket","trace_id":"abc"}',
      'else {"other":1}',
    ]);
  });
});
