import { describe, expect, it } from 'vitest';
import { createAddressBlock } from './address-block.ts';

describe(createAddressBlock, () => {
  it('gives each address once, and one that came back last of all', () => {
    const block = createAddressBlock('127.9.0.0/29');
    const all = Array.from({ length: 7 }, () => block.take());
    expect(all).toEqual(['127.9.0.1', '127.9.0.2', '127.9.0.3', '127.9.0.4', '127.9.0.5', '127.9.0.6', '127.9.0.7']);
    expect(block.take()).toBeUndefined();
    block.giveBack('127.9.0.2');
    block.giveBack('127.9.0.5');
    expect([block.take(), block.take(), block.take()]).toEqual(['127.9.0.2', '127.9.0.5', undefined]);
  });

  it('gives back the address that somebody had before, unless it is taken or foreign', () => {
    const block = createAddressBlock('127.9.0.0/24');
    expect([block.take('127.9.0.77'), block.take('127.9.0.77'), block.take('127.8.0.77')]).toEqual(['127.9.0.77', '127.9.0.1', '127.9.0.2']);
    expect([block.has('127.9.0.9'), block.has('127.9.1.9'), block.has('::1')]).toEqual([true, false, false]);
  });

  it('leaves out the first and the last address of every 256', () => {
    const block = createAddressBlock('127.9.0.0/23');
    const all = Array.from({ length: 509 }, () => block.take());
    expect(all.at(-1)).toBeUndefined();
    expect(all.some((address) => /\.(0|255)$/.test(address ?? ''))).toBe(false);
  });

  it.each(['10.0.0.0/16', '127.9.0.0/8', '127.9.0.5/17', 'nonsense'])('refuses %s', (cidr) => {
    expect(() => createAddressBlock(cidr)).toThrow('it is not a block of loopback addresses');
  });
});
