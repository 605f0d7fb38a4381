import { describe, expect, test } from 'vitest';
import { decodeProtobuf } from './decode.ts';

const field = (number: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
};
const number = (field_: number, value: number | bigint): Uint8Array => Buffer.concat([varint(field_ * 8), varint(value)]);
const text = (value: string): Uint8Array => Buffer.from(value);
function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}
const envelope = (apiVersion: string, kind: string, ...raw: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([text('k8s\0'), field(1, field(1, text(apiVersion)), field(2, text(kind))), field(2, ...raw)]);

describe(decodeProtobuf, () => {
  test('reads what kubectl 1.32 sends for "create configmap x --from-literal=a=b"', () => {
    const sent = Buffer.from('6b3873000a0f0a0276311209436f6e6669674d6170121b0a110a017812001a0022002a0032003800420012060a01611201621a002200', 'hex');
    expect(decodeProtobuf(sent)).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: 'b' } });
  });

  test('keeps the zero of a pointer and drops that of a plain field', () => {
    const deployment = envelope('apps/v1', 'Deployment', field(2, number(1, 0), number(5, 0)));
    expect(decodeProtobuf(deployment)).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 0 } });
  });

  test('reads times, quantities, ports by name, inlined structs and bytes', () => {
    const metadata = field(1, field(1, text('p')), field(8, number(1, 1_700_000_000)));
    const probe = field(10, field(1, field(2, field(1, text('/healthz')), field(2, number(1, 1), field(3, text('http'))))), number(2, 3));
    const resources = field(8, field(1, field(1, text('cpu')), field(2, field(1, text('500m')))));
    const pod = envelope('v1', 'Pod', metadata, field(2, field(2, field(1, text('c')), resources, probe)));
    expect(decodeProtobuf(pod)).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', creationTimestamp: '2023-11-14T22:13:20Z' },
      spec: { containers: [{ name: 'c', resources: { limits: { cpu: '500m' } }, livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, initialDelaySeconds: 3 } }] },
    });
    expect(decodeProtobuf(envelope('v1', 'Secret', field(2, field(1, text('k')), field(2, Buffer.from([0, 255])))))).toMatchObject({ data: { k: 'AP8=' } });
  });

  test('skips fields that it does not know', () => {
    expect(decodeProtobuf(envelope('v1', 'Namespace', field(999, text('later')), number(998, 7), field(1, field(1, text('n')))))).toEqual({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } });
  });

  test('refuses what is cut off, what is none, and kinds without a description', () => {
    const whole = envelope('v1', 'Namespace', field(1, field(1, text('some-name'))));
    const outcomes = Array.from({ length: whole.length - 5 }, (_, index) => {
      try {
        return decodeProtobuf(whole.subarray(0, index + 5));
      } catch (error) {
        return (error as Error).message;
      }
    });
    // Cut between its two parts it is an object without a name, which is for validation to refuse.
    expect(outcomes.filter((outcome) => typeof outcome === 'object')).toEqual([{ apiVersion: 'v1', kind: 'Namespace' }]);
    expect(outcomes.filter((outcome) => typeof outcome === 'string').every((message) => /ends early|not understood/.test(message))).toBe(true);
    expect(() => decodeProtobuf(text('{}'))).toThrow('the body is no Kubernetes protobuf');
    expect(() => decodeProtobuf(envelope('example.com/v1', 'Widget'))).toThrow('Widget in example.com/v1 is not understood as protobuf: send application/json');
  });
});
