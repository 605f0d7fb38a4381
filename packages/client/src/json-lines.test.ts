import { describe, expect, test } from 'vitest';

import { jsonLines } from './json-lines.ts';

async function* chunks(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part, 'latin1');
}
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

describe(jsonLines, () => {
  test('finds values wherever the chunks are cut, inside of characters too', async () => {
    const text = utf8('{"a":"ä€"}\n\n{"b":2}\r\n[3]\n');
    for (let size = 1; size < text.length; size += 1) {
      const parts = Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size));
      expect(await Array.fromAsync(jsonLines(chunks(...parts)))).toEqual([{ a: 'ä€' }, { b: 2 }, [3]]);
    }
  });

  test.each([
    [['{"a":1}\n{"b":'], 'the watch ended in the middle of an event, after 5 bytes of it'],
    [['nonsense\n'], 'a watch event is not JSON: nonsense'],
    [['"', 'x'.repeat(60), 'x'.repeat(60)], 'a watch event is longer than 100 bytes'],
    [[`"${'x'.repeat(120)}"\n`], 'a watch event is longer than 100 bytes'],
  ])('refuses %j', async (parts, message) => {
    await expect(Array.fromAsync(jsonLines(chunks(...parts), 100))).rejects.toThrow(message);
  });

  test('does not ask for more than is taken from it', async () => {
    let pulled = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (;;) {
        pulled += 1;
        yield Buffer.from('1\n2\n');
      }
    }
    const lines = jsonLines(source());
    for (let count = 0; count < 4; count += 1) await lines.next();
    expect(pulled).toBe(2);
    await lines.return(undefined);
  });
});
