import { tempDir } from '@plinth/testing';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLogWriter, logFile, rotatedFile } from './log-writer.ts';
import { readLog, type ReadLogOptions } from './read-log.ts';

const NOW = Date.UTC(2026, 0, 1);
const container = 'main';

async function read(options: Partial<ReadLogOptions> & { readonly directory: string }): Promise<string> {
  let text = '';
  for await (const piece of readLog({ container, run: 0, timestamps: false, follow: false, signal: new AbortController().signal, ...options })) text += piece;
  return text;
}

describe('a log', () => {
  it('never grows beyond its size, keeps the part before, and gives both back in order', async () => {
    await using dir = await tempDir();
    const writer = createLogWriter({ directory: dir.path, container, run: 0, now: () => NOW, maxBytes: 2000 });
    for (let line = 0; line < 100; line += 1) {
      writer.write(`line ${line}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    writer.close();
    expect(statSync(logFile(dir.path, container, 0)).size).toBeLessThanOrEqual(2000);
    expect(statSync(rotatedFile(dir.path, container, 0)).size).toBeLessThanOrEqual(2000);
    const lines = (await read({ directory: dir.path })).trimEnd().split('\n');
    expect(lines.at(-1)).toBe('line 99');
    expect(lines.length).toBeGreaterThan(50);
    expect(lines).toEqual(Array.from({ length: lines.length }, (_, index) => `line ${100 - lines.length + index}`));
  });

  it('joins pieces of lines and cuts lines that are too long', async () => {
    await using dir = await tempDir();
    const writer = createLogWriter({ directory: dir.path, container, run: 0, now: () => NOW });
    writer.write('one ');
    writer.write('line\r\nand ');
    writer.write('x'.repeat(70_000));
    writer.close();
    const [first, second, third] = (await read({ directory: dir.path })).split('\n');
    expect([first, second!.length, third!.length]).toEqual(['one line', 65_536, 70_004 - 65_536]);
  });

  it('remembers its last words: 80 lines or 2 KiB', async () => {
    await using dir = await tempDir();
    const writer = createLogWriter({ directory: dir.path, container, run: 0, now: () => NOW });
    for (let line = 0; line < 200; line += 1) writer.write(`${line}\n`);
    expect(writer.tail.trimEnd().split('\n')).toEqual(Array.from({ length: 80 }, (_, index) => String(120 + index)));
    writer.write(`${'y'.repeat(5000)}\n`);
    expect(Buffer.byteLength(writer.tail)).toBe(2048);
    writer.close();
  });

  it('loses lines and nothing else when it cannot be written', async () => {
    await using dir = await tempDir();
    writeFileSync(join(dir.path, 'file'), '');
    const writer = createLogWriter({ directory: join(dir.path, 'file', 'logs'), container, run: 0, now: () => NOW });
    writer.write('lost\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => writer.close()).not.toThrow();
    expect(writer.tail).toBe('lost\n');
  });

  it('is followed across a rotation until the container ends', async () => {
    await using dir = await tempDir();
    const writer = createLogWriter({ directory: dir.path, container, run: 0, now: () => NOW, maxBytes: 300 });
    writer.write('first\n');
    await new Promise((resolve) => setImmediate(resolve));
    const following = read({ directory: dir.path, writer, follow: true, tailLines: 1 });
    for (let line = 0; line < 20; line += 1) {
      writer.write(`line ${line}\n`);
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    writer.close();
    expect(await following).toBe(`first\n${Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join('')}`);
  });
});
