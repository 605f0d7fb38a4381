import { createServer } from 'node:net';
import { existsSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { eventually, fakeClock, leakCheck, tempDir } from './index.ts';

describe(eventually, () => {
  test('returns what the first try that neither throws nor is false returned', async () => {
    let tries = 0;
    expect(await eventually(() => ++tries >= 3 && tries, { intervalMs: 1 })).toBe(3);
  });

  test('says what it saw last', async () => {
    const look = () => expect('pending').toBe('ready');
    await expect(eventually(look, { timeoutMs: 20 })).rejects.toThrow(/^not within 20 ms \(\d+ tries\); last seen: expected 'pending' to be 'ready'/);
  });
});

describe(fakeClock, () => {
  test('fires timers in order, each at its time, those too that others set', async () => {
    const clock = fakeClock(0);
    const fired: string[] = [];
    clock.setTimeout(() => fired.push(`b ${clock.now()}`), 20);
    clock.setTimeout(() => {
      fired.push(`a ${clock.now()}`);
      clock.setTimeout(() => fired.push(`c ${clock.now()}`), 15);
    }, 10);
    const cancel = clock.setTimeout(() => fired.push('never'), 12);
    cancel();
    await clock.advance(100);
    expect([fired, clock.now(), clock.pending]).toEqual([['a 10', 'b 20', 'c 25'], 100, 0]);
  });
});

describe(leakCheck, () => {
  test('names what was left running', async () => {
    const check = leakCheck(30);
    const server = createServer().listen(0);
    await new Promise((resolve) => server.once('listening', resolve));
    await expect(check[Symbol.asyncDispose]()).rejects.toThrow('left running: 1 TCPServerWrap');
    await new Promise((resolve) => server.close(resolve));
    await check[Symbol.asyncDispose]();
  });
});

describe(tempDir, () => {
  test('is gone afterwards', async () => {
    let path = '';
    {
      await using dir = await tempDir();
      path = dir.path;
      expect(existsSync(path)).toBe(true);
    }
    expect(existsSync(path)).toBe(false);
  });
});
