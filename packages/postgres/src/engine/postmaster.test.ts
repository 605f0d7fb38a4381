import { describe, expect, it } from 'vitest';
import { parsePostmasterFile, startMark } from './postmaster.ts';

describe(parsePostmasterFile, () => {
  it('reads what a running server writes', () => {
    const text = '9196\n/proc/self/cwd\n1795372764\n5432\n\n127.77.0.5\n 10093542        12\nready   \n';
    expect(parsePostmasterFile(text)).toEqual({ pid: 9196, startedAt: 1795372764, listen: { host: '127.77.0.5', port: 5432 }, status: 'ready' });
  });
  it('makes do with a file that is being written', () => {
    expect(parsePostmasterFile('9196\n/proc/self/cwd\n1795372764\n5432\n')).toEqual({ pid: 9196, startedAt: 1795372764, listen: undefined, status: 'unknown' });
    expect(parsePostmasterFile('')).toBeUndefined();
    expect(parsePostmasterFile('garbage')).toBeUndefined();
  });
});

describe(startMark, () => {
  it('tells a process that is there from one that is not', () => {
    expect(startMark(process.pid)).toBe(startMark(process.pid));
    expect(startMark(2 ** 22 + 1)).toBeUndefined();
  });
});
