import { describe, expect, it } from 'vitest';
import { textLine } from '../src/units/text-line.ts';

const line = (fields: Readonly<Record<string, unknown>>): string => textLine(new Date(0), 'info', 'reconciled', fields);

describe(textLine, () => {
  it('says when, how grave, what, and of what', () => {
    expect(line({ controller: 'promise', name: 'redis', durationMs: 3, namespace: undefined, labels: { a: 'b' }, why: 'not yet' })).toBe(
      '1970-01-01T00:00:00.000Z INFO  reconciled controller=promise name=redis durationMs=3 labels="{\\"a\\":\\"b\\"}" why="not yet"\n',
    );
  });

  it('shows where an error comes from below the line, and lets no value begin a line or steer a terminal', () => {
    const [first, second, ...rest] = line({ err: new Error('no\n1970 INFO  forged \u001b[2J\u009b2J') }).split('\n');
    expect(first).toBe('1970-01-01T00:00:00.000Z INFO  reconciled err="no\\n1970 INFO  forged \\u001b[2J\\u009b2J"');
    expect(second).toMatch(/^    at .*text-line\.test\.ts/);
    expect(rest.every((text) => text === '' || text.startsWith('    at '))).toBe(true);
  });
});
