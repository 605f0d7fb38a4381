import { GitFormatError } from '../errors.ts';
import { commonPrefix } from '../objects/tree-diff.ts';

/** The sizes that a delta states: of what it starts from, and of what it makes. */
export function deltaSizes(delta: Buffer): { readonly base: number; readonly result: number } {
  const base = readSize(delta, 0);
  return { base: base.value, result: readSize(delta, base.at).value };
}

/** Applies copy and insert instructions. Throws a {@link GitFormatError} when they reach outside, or make another size than stated. */
export function applyDelta(base: Buffer, delta: Buffer): Buffer {
  const stated = readSize(delta, 0);
  const target = readSize(delta, stated.at);
  if (stated.value !== base.length) throw new GitFormatError(`delta is for ${stated.value} bytes, its base has ${base.length}`);
  const result = Buffer.allocUnsafe(target.value);
  let at = target.at;
  let out = 0;
  while (at < delta.length) {
    const op = delta[at++]!;
    if (op === 0) throw new GitFormatError('delta has a reserved instruction');
    if ((op & 0x80) === 0) {
      if (at + op > delta.length || out + op > result.length) throw new GitFormatError('delta inserts beyond its end');
      delta.copy(result, out, at, at + op);
      at += op;
      out += op;
      continue;
    }
    let offset = 0;
    let size = 0;
    for (let bit = 0; bit < 4; bit++) if (op & (1 << bit)) offset += byteAt(delta, at++) * 2 ** (8 * bit);
    for (let bit = 0; bit < 3; bit++) if (op & (0x10 << bit)) size += byteAt(delta, at++) << (8 * bit);
    if (size === 0) size = 0x10000;
    if (offset + size > base.length || out + size > result.length) throw new GitFormatError('delta copies beyond its base');
    base.copy(result, out, offset, offset + size);
    out += size;
  }
  if (out !== result.length) throw new GitFormatError(`delta makes ${out} bytes instead of ${result.length}`);
  return result;
}

/**
 * A delta that keeps what two versions share at their beginning and their end and inserts what stands between: for a tree
 * in which one name changed that is all there is to find, and it takes one pass.
 */
export function encodeDelta(base: Buffer, target: Buffer): Buffer {
  const prefix = commonPrefix(base, 0, target, 0);
  const most = Math.min(base.length, target.length) - prefix;
  let suffix = 0;
  while (suffix < most) {
    const step = Math.min(4096, most - suffix);
    const a = base.length - suffix - step;
    const b = target.length - suffix - step;
    if (base.compare(target, b, b + step, a, a + step) !== 0) break;
    suffix += step;
  }
  while (suffix < most && base[base.length - suffix - 1] === target[target.length - suffix - 1]) suffix++;
  const parts = [encodeSize(base.length), encodeSize(target.length), ...copyOps(0, prefix)];
  for (let at = prefix; at < target.length - suffix; at += 127) {
    const piece = target.subarray(at, Math.min(at + 127, target.length - suffix));
    parts.push(Buffer.from([piece.length]), piece);
  }
  parts.push(...copyOps(base.length - suffix, suffix));
  return Buffer.concat(parts);
}

function copyOps(offset: number, length: number): Buffer[] {
  const ops: Buffer[] = [];
  // 0xffffff is what three size bytes hold; 0x10000 is written as no size byte at all, so stay clear of it.
  for (let at = 0; at < length; at += 0xffff00) {
    const from = offset + at;
    const size = Math.min(0xffff00, length - at);
    const bytes = [0x80];
    for (let bit = 0; bit < 4; bit++) {
      const byte = Math.floor(from / 2 ** (8 * bit)) & 0xff;
      if (byte !== 0) {
        bytes[0]! |= 1 << bit;
        bytes.push(byte);
      }
    }
    if (size !== 0x10000) {
      for (let bit = 0; bit < 3; bit++) {
        const byte = (size >>> (8 * bit)) & 0xff;
        if (byte !== 0) {
          bytes[0]! |= 0x10 << bit;
          bytes.push(byte);
        }
      }
    }
    ops.push(Buffer.from(bytes));
  }
  return ops;
}

function encodeSize(size: number): Buffer {
  const bytes: number[] = [];
  let rest = size;
  do {
    const more = rest >= 0x80;
    bytes.push((rest & 0x7f) | (more ? 0x80 : 0));
    rest = Math.floor(rest / 0x80);
  } while (rest > 0);
  return Buffer.from(bytes);
}

function readSize(delta: Buffer, start: number): { readonly value: number; readonly at: number } {
  let value = 0;
  let at = start;
  for (let shift = 0; shift < 49; shift += 7) {
    const byte = byteAt(delta, at++);
    value += (byte & 0x7f) * 2 ** shift;
    if ((byte & 0x80) === 0) return { value, at };
  }
  throw new GitFormatError('delta states an absurd size');
}

function byteAt(delta: Buffer, at: number): number {
  const byte = delta[at];
  if (byte === undefined) throw new GitFormatError('delta ends early');
  return byte;
}
