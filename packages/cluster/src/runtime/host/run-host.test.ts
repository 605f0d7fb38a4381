import { systemClock } from '@plinth/controller-runtime';
import { tempDir } from '@plinth/testing';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ContainerLaunch } from '../container-runtime.ts';
import { runHost } from './run-host.ts';
import { findSandbox, type Sandbox } from './sandbox.ts';

const found = await findSandbox();
const both: readonly Exclude<Sandbox, { type: 'none' }>[] = found.type === 'bwrap' ? [{ type: 'bwrap' }, { type: 'unshare' }] : found.type === 'unshare' ? [found] : [];
if (found.type === 'none') console.warn(`commands of this machine are not tested: ${found.why}`);

describe.each(both)('a command of this machine, by $type', (sandbox) => {
  const run = (script: string, more: Partial<ContainerLaunch> = {}) => {
    let printed = '';
    const launch = {
      command: ['sh', '-c', script], args: [], env: {}, mounts: new Map(), readOnlyMounts: new Set(), hostname: 'work-abc', log: (text: string) => (printed += text), ...more,
    } as unknown as ContainerLaunch;
    return { ...runHost(launch, { sandbox, toolDirectories: [], clock: systemClock }), printed: () => printed };
  };

  it('sees its volumes at their paths, its environment and nothing of the one that started it', async () => {
    await using dir = await tempDir();
    process.env['PLINTH_SECRET_OF_THE_PARENT'] = 'x';
    const input = join(dir.path, 'object.yaml');
    writeFileSync(input, 'kind: Request\n');
    const container = run('cat /kratix/input/object.yaml; echo out > /kratix/output/file; echo "$NAME ${PLINTH_SECRET_OF_THE_PARENT:-none}"; touch /kratix/input/x 2>/dev/null || echo read-only; ls -d ' + dir.path + ' 2>&1 | tail -c 26; echo oops >&2; exit 3', {
      env: { NAME: 'ann' },
      mounts: new Map([['/kratix/input', dir.path], ['/kratix/output', dir.path]]),
      readOnlyMounts: new Set(['/kratix/input']),
    });
    expect(await container.ended).toEqual({ exitCode: 3 });
    expect(container.printed()).toBe('kind: Request\nann none\nread-only\nNo such file or directory\noops\n');
    expect(readFileSync(join(dir.path, 'file'), 'utf8')).toBe('out\n');
    delete process.env['PLINTH_SECRET_OF_THE_PARENT'];
  });

  it('has whole lines in its log, however they arrive', async () => {
    const texts: string[] = [];
    const container = run('printf one; sleep 0.05; echo two; printf three', { log: (text: string) => void texts.push(text) });
    await container.ended;
    expect(texts).toEqual(['onetwo\n', 'three']);
  });

  it('is asked to end, and ended by force when it does not', async () => {
    const stubborn = run('trap "" TERM; echo up; while :; do sleep 1; done');
    while (stubborn.printed() !== 'up\n') await new Promise((resolve) => setImmediate(resolve));
    stubborn.stop({ graceMs: 50, reason: 'PodDeleted' });
    expect(await stubborn.ended).toEqual({ exitCode: 137, signal: 9 });
  });

  it('runs a probe beside it', async () => {
    await using dir = await tempDir();
    const container = run('sleep 60', { mounts: new Map([['/data', dir.path]]) });
    writeFileSync(join(dir.path, 'state'), 'well');
    expect(await container.exec!(['cat', '/data/state'], 5000)).toEqual({ exitCode: 0, output: 'well' });
    container.stop({ graceMs: 1, reason: 'PodDeleted' });
    await container.ended;
  });
});
