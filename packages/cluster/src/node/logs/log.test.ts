import { tempDir } from '@plinth/testing';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLogFile, isLogThere, logPlace, rotatedFile, type LogFile, type LogPlace } from './log-file.ts';
import { createLogWriter, type LogWriter } from './log-writer.ts';
import { readLog, type ReadLogOptions } from './read-log.ts';

const NOW = Date.UTC(2026, 0, 1);
const placeIn = (root: string): LogPlace => logPlace(root, false, 'main', 0);
const write = ({ path, tag }: LogPlace, maxBytes?: number, file: LogFile = createLogFile(path, maxBytes)): LogWriter => createLogWriter({ file, tag, now: () => NOW });

async function read(options: Partial<ReadLogOptions> & { readonly place: LogPlace }): Promise<string> {
  let text = '';
  for await (const piece of readLog({ timestamps: false, follow: false, signal: new AbortController().signal, ...options })) text += piece;
  return text;
}

describe('a log', () => {
  it('never grows beyond its size, keeps the part before, and gives both back in order', async () => {
    await using dir = await tempDir();
    const writer = write(placeIn(dir.path), 2000);
    for (let line = 0; line < 100; line += 1) {
      writer.write(`line ${line}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    writer.close();
    expect(statSync(placeIn(dir.path).path).size).toBeLessThanOrEqual(2000);
    expect(statSync(rotatedFile(placeIn(dir.path).path)).size).toBeLessThanOrEqual(2000);
    const lines = (await read({ place: placeIn(dir.path) })).trimEnd().split('\n');
    expect(lines.at(-1)).toBe('line 99');
    expect(lines.length).toBeGreaterThan(50);
    expect(lines).toEqual(Array.from({ length: lines.length }, (_, index) => `line ${100 - lines.length + index}`));
  });

  it('joins pieces of lines and cuts lines that are too long', async () => {
    await using dir = await tempDir();
    const writer = write(placeIn(dir.path));
    writer.write('one ');
    writer.write('line\r\nand ');
    writer.write('x'.repeat(70_000));
    writer.close();
    const [first, second, third] = (await read({ place: placeIn(dir.path) })).split('\n');
    expect([first, second!.length, third!.length]).toEqual(['one line', 65_536, 70_004 - 65_536]);
  });

  it('remembers its last words: 80 lines or 2 KiB', async () => {
    await using dir = await tempDir();
    const writer = write(placeIn(dir.path));
    for (let line = 0; line < 200; line += 1) writer.write(`${line}\n`);
    expect(writer.tail.trimEnd().split('\n')).toEqual(Array.from({ length: 80 }, (_, index) => String(120 + index)));
    writer.write(`${'y'.repeat(5000)}\n`);
    expect(Buffer.byteLength(writer.tail)).toBe(2048);
    writer.close();
  });

  it('loses lines and nothing else when it cannot be written', async () => {
    await using dir = await tempDir();
    writeFileSync(join(dir.path, 'file'), '');
    const writer = write(placeIn(join(dir.path, 'file')));
    writer.write('lost\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => writer.close()).not.toThrow();
    expect(writer.tail).toBe('lost\n');
  });

  it('is followed across a rotation until the container ends', async () => {
    await using dir = await tempDir();
    const writer = write(placeIn(dir.path), 300);
    writer.write('first\n');
    await new Promise((resolve) => setImmediate(resolve));
    const following = read({ place: placeIn(dir.path), writer, follow: true, tailLines: 1 });
    for (let line = 0; line < 20; line += 1) {
      writer.write(`line ${line}\n`);
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    writer.close();
    expect(await following).toBe(`first\n${Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join('')}`);
  });

  it('makes neither file nor folder before something is printed', async () => {
    await using dir = await tempDir();
    const place = placeIn(dir.path);
    const writer = write(place);
    expect(await read({ place })).toBe('');
    writer.close();
    expect([readdirSync(dir.path), isLogThere(place), await read({ place })]).toEqual([[], false, '']);
  });

  it('shares a file with the other containers of a pod that runs to its end', async () => {
    await using dir = await tempDir();
    const places = [logPlace(dir.path, true, 'a', 0), logPlace(dir.path, true, 'a', 1), logPlace(dir.path, true, 'a.b', 0), logPlace(dir.path, true, 'silent', 0)];
    const file = createLogFile(places[0]!.path, 400);
    const writers = places.map((place) => write(place, undefined, file));
    const following = read({ place: places[1]!, writer: writers[1]!, follow: true });
    for (let line = 0; line < 12; line += 1) {
      for (const [index, writer] of writers.slice(0, 3).entries()) writer.write(`${line} of ${index}: a.0 b\n`);
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const writer of writers) writer.close();
    expect(await following).toBe(Array.from({ length: 12 }, (_, line) => `${line} of 1: a.0 b\n`).join(''));
    expect(statSync(places[0]!.path).size).toBeLessThanOrEqual(400);
    expect((await read({ place: places[0]! })).split('\n').at(-2)).toBe('11 of 0: a.0 b');
    expect(await read({ place: places[2]!, tailLines: 1, timestamps: true })).toMatch(/^2026-01-01T00:00:00\.\d+Z 11 of 2: a\.0 b\n$/);
    expect([places.map(isLogThere), await read({ place: places[3]! })]).toEqual([[true, true, true, false], '']);
    expect(existsSync(join(dir.path, 'logs'))).toBe(false);
  });

  it('is followed without a gap by a reader that is slower than a rotation', async () => {
    await using dir = await tempDir();
    const writer = write(placeIn(dir.path), 1000);
    const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
    writer.write('line 0\n');
    await turn();
    const following = readLog({ place: placeIn(dir.path), writer, follow: true, timestamps: false, signal: new AbortController().signal });
    let text = '';
    for await (const piece of following) {
      text += piece;
      if (text !== 'line 0\n') continue;
      for (let line = 1; line < 40; line += 1) {
        writer.write(`line ${line}\n`);
        await turn();
      }
      writer.close();
    }
    expect(existsSync(rotatedFile(placeIn(dir.path).path))).toBe(true);
    expect(text).toBe(Array.from({ length: 40 }, (_, line) => `line ${line}\n`).join(''));
  });
});
