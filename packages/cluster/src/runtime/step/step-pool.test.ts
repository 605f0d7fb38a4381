import { systemClock } from '@plinth/controller-runtime';
import { eventually, tempDir } from '@plinth/testing';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ContainerLaunch, RunningContainer } from '../container-runtime.ts';
import { createStepPool, type StepPool, type StepPoolOptions } from './step-pool.ts';

const host = new URL('../../../tests/fixtures/step-host.ts', import.meta.url);
const step = new URL('../../../tests/fixtures/step.ts', import.meta.url);
const start = (options: Partial<StepPoolOptions> = {}): StepPool => createStepPool({ host, clock: systemClock, ...options });

function run(pool: StepPool, arg: string, more: Partial<ContainerLaunch> = {}, module = step): RunningContainer & { readonly printed: () => string } {
  let printed = '';
  const launch = { args: [arg], command: [], env: {}, mounts: new Map(), log: (text: string) => (printed += text), ...more } as unknown as ContainerLaunch;
  return { ...pool.run(module, launch), printed: () => printed };
}

describe(createStepPool, () => {
  it('runs a step with its environment and its volumes, and takes all that it prints', async () => {
    await using dir = await tempDir();
    await using pool = start();
    const hello = run(pool, 'hello', { env: { NAME: 'ann' }, mounts: new Map([['/out', dir.path]]) });
    expect(await hello.ended).toEqual({ exitCode: 0 });
    expect(hello.printed()).toBe('hello ann ann\non the console\non stderr\n');
    expect(readFileSync(join(dir.path, 'file'), 'utf8')).toBe('content');
  });

  it('runs one step after the other on the same warm worker', async () => {
    await using pool = start();
    const first = run(pool, 'thread');
    await first.ended;
    const second = run(pool, 'thread');
    await second.ended;
    expect(second.printed()).toBe(first.printed());
    expect(pool.size).toEqual({ workers: 1, idle: 1, queued: 0 });
  });

  it('ends the container of a step that throws with 1, its stack in the log', async () => {
    await using pool = start();
    const thrown = run(pool, 'throw');
    expect(await thrown.ended).toEqual({ exitCode: 1, message: 'RangeError: too large' });
    expect(thrown.printed()).toMatch(/^RangeError: too large\n\s+at step /);
  });

  it('ends only the step that calls process.exit, or that needs too much memory', async () => {
    await using pool = start({ heapMb: 24 });
    expect(await run(pool, 'exit').ended).toEqual({ exitCode: 4 });
    expect(await run(pool, 'memory').ended).toEqual({ exitCode: 137, signal: 9, reason: 'OOMKilled' });
    expect(await run(pool, 'thread').ended).toEqual({ exitCode: 0 });
  });

  it('ends a step that holds too much outside of its heap', async () => {
    await using pool = start({ buffersMb: 64 });
    const hoarding = run(pool, 'buffers');
    expect(await hoarding.ended).toEqual({ exitCode: 137, signal: 9, reason: 'OOMKilled' });
    expect(hoarding.printed()).toBe('the step needed more memory than it may have');
    expect(await run(pool, 'thread').ended).toEqual({ exitCode: 0 });
  });

  it('calls a step that leaves by process.exit(0) a failure: its output was not written', async () => {
    await using pool = start();
    expect(await run(pool, 'leave').ended).toMatchObject({ exitCode: 1, message: expect.stringContaining('process.exit') as string });
  });

  it('survives what a step left running', async () => {
    await using pool = start();
    const first = run(pool, 'thread');
    await first.ended;
    expect(await run(pool, 'later').ended).toMatchObject({ exitCode: 0 });
    const next = run(pool, 'thread');
    expect(await next.ended).toEqual({ exitCode: 0 });
    expect(next.printed()).not.toBe(first.printed());
  });

  it('does not let steps that hang hold up others, and ends them by force', async () => {
    await using pool = start({ target: 1, max: 4, slowMs: 20 });
    const hanging = [run(pool, 'hang'), run(pool, 'hang')];
    expect(await run(pool, 'thread').ended).toEqual({ exitCode: 0 });
    for (const each of hanging) each.stop({ graceMs: 5, reason: 'PodDeleted' });
    expect(await Promise.all(hanging.map(({ ended }) => ended))).toEqual([{ exitCode: 137, signal: 9 }, { exitCode: 137, signal: 9 }]);
  });

  it('tells a step that it is to stop, and drops one that has not begun', async () => {
    await using pool = start({ target: 1, max: 1 });
    const waiting = run(pool, 'wait');
    const queued = run(pool, 'thread');
    queued.stop({ graceMs: 1000, reason: 'PodDeleted' });
    expect(await queued.ended).toEqual({ exitCode: 143 });
    waiting.stop({ graceMs: 5000, reason: 'PodDeleted' });
    expect(await waiting.ended).toEqual({ exitCode: 0 });
  });

  it('loads a module anew when its file has changed', async () => {
    await using dir = await tempDir();
    await using pool = start();
    const file = join(dir.path, 'step.mjs');
    const write = (text: string, at: number): void => {
      writeFileSync(file, `export default ({ log }) => log(${JSON.stringify(text)});`);
      utimesSync(file, at, at);
    };
    const module = pathToFileURL(file);
    write('old', 1000);
    const first = run(pool, '', {}, module);
    await first.ended;
    write('new', 2000);
    const second = run(pool, '', {}, module);
    await second.ended;
    expect([first.printed(), second.printed()]).toEqual(['old\n', 'new\n']);
  });

  it('shrinks to its warm workers when there is nothing to do', async () => {
    await using pool = start({ idleMs: 20 });
    await Promise.all(['thread', 'thread', 'thread'].map((arg) => run(pool, arg).ended));
    expect(pool.size.workers).toBeGreaterThan(1);
    await eventually(() => expect(pool.size.workers).toBe(1));
  });
});
