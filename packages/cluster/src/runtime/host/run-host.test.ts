import { systemClock } from '@plinth/controller-runtime';
import { eventually, tempDir } from '@plinth/testing';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { describe, expect, it } from 'vitest';
import type { ContainerLaunch, RunningContainer } from '../container-runtime.ts';
import { runHost, type HostRuntimeOptions } from './run-host.ts';
import { findSandbox, type Sandbox } from './sandbox.ts';
import { STEP_USER } from './step-user.ts';

const found = await findSandbox();
const both: readonly Exclude<Sandbox, { type: 'none' }>[] = found.type === 'bwrap' ? [{ type: 'bwrap' }, { type: 'unshare' }] : found.type === 'unshare' ? [found] : [];
if (found.type === 'none') console.warn(`commands of this machine are not tested: ${found.why}`);
const isRoot = getuid?.() === 0;

/** How many processes of this machine have that very argument. */
const processesWith = (argument: string): number =>
  readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(argument);
    } catch {
      return false; // It has just ended.
    }
  }).length;

describe.each(both)('a command of this machine, by $type', (sandbox) => {
  const start = async (launch: Partial<ContainerLaunch>, options: Partial<HostRuntimeOptions> = {}): Promise<RunningContainer & { readonly printed: () => string }> => {
    let printed = '';
    const whole = { command: [], args: [], env: {}, mounts: new Map(), readOnlyMounts: new Set(), hostname: 'work-abc', log: (text: string) => (printed += text), ...launch } as unknown as ContainerLaunch;
    const container = await runHost(whole, { sandbox, toolDirectories: [], hidden: [], image: undefined, clock: systemClock, ...options });
    return { ...container, printed: () => printed };
  };
  const run = (script: string, launch: Partial<ContainerLaunch> = {}, options: Partial<HostRuntimeOptions> = {}) => start({ command: ['sh', '-c', script], ...launch }, options);
  const outcome = async (container: Promise<RunningContainer & { readonly printed: () => string }>) => {
    const started = await container;
    return { ...(await started.ended), printed: started.printed() };
  };

  it('sees its volumes at their paths, its environment and nothing of the one that started it', async () => {
    await using dir = await tempDir();
    process.env['PLINTH_SECRET_OF_THE_PARENT'] = 'x';
    const input = join(dir.path, 'object.yaml');
    chmodSync(dir.path, 0o777);
    writeFileSync(input, 'kind: Request\n');
    const script = `cat /kratix/input/object.yaml; echo out > /kratix/output/file; echo "$NAME \${PLINTH_SECRET_OF_THE_PARENT:-none}"; touch /kratix/input/x 2>/dev/null || echo read-only; ls -d ${dir.path} 2>&1 | tail -c 26; echo oops >&2; exit 3`;
    const mounts = new Map([['/kratix/input', dir.path], ['/kratix/output', dir.path]]);
    expect(await outcome(run(script, { env: { NAME: 'ann' }, mounts, readOnlyMounts: new Set(['/kratix/input']) }))).toEqual({ exitCode: 3, printed: 'kind: Request\nann none\nread-only\nNo such file or directory\noops\n' });
    expect(readFileSync(join(dir.path, 'file'), 'utf8')).toBe('out\n');
    delete process.env['PLINTH_SECRET_OF_THE_PARENT'];
  });

  it('has no rights, no other processes, and no way to get either', async () => {
    const script = 'grep -E "^(CapEff|CapPrm|CapBnd|CapInh|NoNewPrivs)" /proc/self/status | tr -s "\\t " " "; ls -d /proc/[0-9]* | wc -l; ls /home /var/lib /root /dev/shm 2>/dev/null; head -c1 /etc/shadow 2>/dev/null && echo leaked; mount -t tmpfs x /tmp 2>/dev/null && echo mounted; exit 0';
    const { printed } = await outcome(run(script));
    const [inheritable, permitted, effective, , privileges, processes, ...more] = printed.trim().split('\n');
    expect([inheritable, permitted, effective, privileges]).toEqual(['CapInh: 0000000000000000', 'CapPrm: 0000000000000000', 'CapEff: 0000000000000000', 'NoNewPrivs: 1']);
    // The shell, `ls` and `wc`.
    expect(Number(processes)).toBeLessThan(5);
    expect(more.filter((line) => !line.endsWith(':') && line !== '')).toEqual([]);
  });

  it('is not root, nor whom the container asks for in root\'s place', async (context) => {
    if (!isRoot) context.skip('only root has another user to give to a command');
    expect((await outcome(run('id -u; id -g; id -G'))).printed).toBe(`${STEP_USER.uid}\n${STEP_USER.gid}\n${STEP_USER.gid}\n`);
    expect((await outcome(run('id -u', {}, { user: { uid: 1234, gid: 4321 } }))).printed).toBe('1234\n');
  });

  it('does not see a folder that is hidden, though its place is shown', async () => {
    await using dir = await tempDir();
    const folder = `/opt/plinth-test-${process.pid}-${sandbox.type}`;
    let isMade = false;
    try {
      mkdirSync(folder);
      isMade = true;
    } catch {
      // Not ours to write to: then a folder that everybody has.
    }
    const hidden = isMade ? folder : '/usr/share/doc';
    if (isMade) writeFileSync(join(folder, 'ca.key'), 'secret');
    const { printed } = await outcome(run(`ls ${hidden}; echo $?`, { mounts: new Map([['/data', dir.path]]) }, { hidden: [hidden] }));
    expect(printed).toBe('0\n');
    if (isMade) rmSync(folder, { recursive: true });
  });

  it('has places of its own to write to, and no other', async () => {
    expect(await outcome(run('set -e; for D in / /tmp /var/tmp /root /dev/shm; do echo x > $D/mine; done; mkdir -p /scripts/deep; echo "$HOME $PWD"; ! touch /usr/x /etc/x 2>/dev/null'))).toEqual({ exitCode: 0, printed: '/root /\n' });
    expect((await outcome(run('touch /x 2>/dev/null || echo read-only; touch /tmp/x && echo tmp', {}, { readOnlyRoot: true }))).printed).toBe('read-only\ntmp\n');
    expect(['/mine', '/tmp/mine', '/scripts'].filter((path) => existsSync(path))).toEqual([]);
  });

  it('has exactly the environment that it is given', async () => {
    const env = { PLAIN: "it's\n$HOME", 'with.dot': 'a b', EMPTY: '' };
    const { printed } = await outcome(run('cat /proc/self/environ | tr "\\0" "|"', { env }, { image: { tools: [] } }));
    expect(printed.split('|').filter((entry) => entry !== '' && !/^(_|PWD|SHLVL|OLDPWD)=/.test(entry)).toSorted()).toEqual(['EMPTY=', 'HOME=/root', 'HOSTNAME=work-abc', "PLAIN=it's\n$HOME", 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'with.dot=a b'].toSorted());
  });

  it('starts in its working directory, which is made when it is not there', async () => {
    expect((await outcome(run('pwd; touch here && ls', { workingDir: '/work/deep' }))).printed).toBe('/work/deep\nhere\n');
  });

  it('understands what Alpine\'s shell does', async (context) => {
    if (!existsSync('/bin/bash')) context.skip('there is no bash on this machine that could stand in for it');
    expect((await outcome(run('set -euo pipefail; if [ promise == "promise" ]; then echo right; else echo wrong; fi'))).printed).toBe('right\n');
  });

  it('has whole lines in its log, however they arrive', async () => {
    const texts: string[] = [];
    await outcome(run('printf one; sleep 0.05; echo two; printf three', { log: (text: string) => void texts.push(text) }));
    expect(texts).toEqual(['onetwo\n', 'three']);
  });

  it('is asked to end, and ended by force with all that it started when it does not', async () => {
    await using dir = await tempDir();
    chmodSync(dir.path, 0o777);
    const polite = await run('trap "echo bye; exit 5" TERM; echo up; while :; do sleep 0.02; done');
    await eventually(() => expect(polite.printed()).toBe('up\n'));
    polite.stop({ graceMs: 5000, reason: 'PodDeleted' });
    expect(await polite.ended).toEqual({ exitCode: 5 });
    expect(polite.printed()).toBe('up\nbye\n');

    const mounts = new Map([['/out', dir.path]]);
    const loop = `while :; do touch /out/alive; : ${dir.path}; sleep 0.01; done`;
    const stubborn = await run(`trap "" TERM; (setsid sh -c "${loop}" >/dev/null 2>&1 &); echo up; while :; do sleep 1; done`, { mounts });
    await eventually(() => expect(existsSync(join(dir.path, 'alive'))).toBe(true));
    // The shell, and at times a copy of it that is about to become `touch` or `sleep`.
    expect(processesWith(loop)).toBeGreaterThan(0);
    stubborn.stop({ graceMs: 50, reason: 'PodDeleted' });
    expect(await stubborn.ended).toEqual({ exitCode: 137, signal: 9 });
    expect(processesWith(loop)).toBe(0);
  });

  it('runs a probe beside it', async () => {
    await using dir = await tempDir();
    chmodSync(dir.path, 0o755);
    const container = await run('sleep 60', { mounts: new Map([['/data', dir.path]]) });
    writeFileSync(join(dir.path, 'state'), 'well');
    expect(await container.exec!(['cat', '/data/state'], 5000)).toEqual({ exitCode: 0, output: 'well' });
    container.stop({ graceMs: 1, reason: 'PodDeleted' });
    await container.ended;
  });

  it('finds the files of its image at their paths, and may change them', async () => {
    await using dir = await tempDir();
    mkdirSync(join(dir.path, 'usr/local/bin'), { recursive: true });
    mkdirSync(join(dir.path, 'usr/share/of-the-image'), { recursive: true });
    writeFileSync(join(dir.path, 'usr/local/bin/configure'), '#!/bin/sh\necho "configured with $(cat /usr/share/of-the-image/base)"; echo more >> /usr/share/of-the-image/base; cat /transfer/base\n');
    writeFileSync(join(dir.path, 'usr/share/of-the-image/base'), 'base\n');
    const image = { files: [{ source: dir.path, target: '/' }, { source: join(dir.path, 'usr/share/of-the-image'), target: '/transfer' }], entrypoint: ['sh', '-c'], cmd: ['configure; ls /work; which env'], directories: ['/work'] };
    expect(await outcome(start({}, { image }))).toMatchObject({ exitCode: 0, printed: expect.stringMatching(/^configured with base\nbase\n\/.*bin\/env\n$/) as string });
    expect(readFileSync(join(dir.path, 'usr/share/of-the-image/base'), 'utf8')).toBe('base\n');
    expect(await outcome(start({ command: ['sh', '-c', 'echo "$0"'], args: ['own'] }, { image }))).toEqual({ exitCode: 0, printed: 'own\n' });
  });

  it('fails when it calls a tool that is not there, and says which and what to do', async () => {
    await using dir = await tempDir();
    chmodSync(dir.path, 0o755);
    const image = { tools: ['kustomize', 'yq'] };
    writeFileSync(join(dir.path, 'yq'), '#!/bin/sh\necho "yq 3.1.0"\n');
    chmodSync(join(dir.path, 'yq'), 0o755);
    const env = { PATH: '/usr/bin:/bin' };
    const plain = { PATH: '/kratix/output', LD_PRELOAD: '/kratix/output/evil.so', BASH_ENV: '/kratix/output/evil.sh' };
    expect((await outcome(start({ command: ['/bin/sh', '-c', 'echo $PATH'], env: plain }, { image: { tools: [] } }))).printed).toContain('/kratix/output');
    const lacks = `kustomize not found on this machine; install kustomize (https://kustomize.io), or put it into ${dir.path}`;
    expect(await outcome(run('X=$(kustomize build 2>/dev/null); echo on', { env }, { image, toolDirectories: [dir.path] }))).toEqual({ exitCode: 127, message: lacks, printed: `on\n${lacks}\n` });
    expect(await outcome(run('yq .a x', { env }, { image, toolDirectories: [dir.path] }))).toMatchObject({ exitCode: 127, printed: expect.stringMatching(`^yq: not on this machine\nyq 4 not found \\(${dir.path}/yq is another program\\); install yq 4`) as string });
    writeFileSync(join(dir.path, 'yq'), '#!/bin/sh\necho "yq (https://github.com/mikefarah/yq/) version v4.44.6"\n');
    expect((await outcome(run('which yq; echo $PATH', { env }, { image, toolDirectories: [dir.path] }))).printed).toMatch(/^\/run\/plinth\/tools\/0\/yq\n/);
    expect((await outcome(run('yq --version', { env }, { image, toolDirectories: [dir.path] }))).exitCode).toBe(0);
    expect((await outcome(run('no-such-thing', { env }, { image }))).exitCode).toBe(127);
  });

  it('has a program of ours in the place of a tool that is not there, and the machine\'s where it is', async () => {
    await using dir = await tempDir();
    for (const folder of [dir.path, join(dir.path, 'src'), join(dir.path, 'bin')]) {
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, 0o755);
    }
    writeFileSync(join(dir.path, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(dir.path, 'src', 'main.ts'), 'const said: string[] = process.argv.slice(2);\nconsole.log("spare", ...said, process.env["NODE_OPTIONS"] ?? "-");\nprocess.exitCode = 4;\n');
    const needs = [{ source: join(dir.path, 'package.json'), at: 'package.json' }, { source: join(dir.path, 'src'), at: 'src' }];
    const options = { image: { tools: ['kustomize'] }, toolDirectories: [join(dir.path, 'bin')], spareTools: [{ name: 'kustomize', main: 'src/main.ts', needs }] };
    const env = { PATH: '/usr/bin:/bin', NODE_OPTIONS: '--require=/tmp/other.js' };
    expect(await outcome(run('kustomize a "b c"', { env }, options))).toEqual({ exitCode: 4, printed: 'spare a b c -\n' });
    const container = await start({ command: ['sh', '-c', 'sleep 20'], env }, options);
    expect(await container.exec!(['kustomize', 'x'], 10_000)).toEqual({ exitCode: 4, output: 'spare x -\n' });
    container.stop({ graceMs: 1, reason: 'PodDeleted' });
    await container.ended;
    writeFileSync(join(dir.path, 'bin', 'kustomize'), '#!/bin/sh\necho own\n');
    chmodSync(join(dir.path, 'bin', 'kustomize'), 0o755);
    expect(await outcome(run('kustomize a', { env }, options))).toEqual({ exitCode: 0, printed: 'own\n' });
  });

  it('has no program of its own run outside, wherever its path leads', async () => {
    await using dir = await tempDir();
    const marker = join(dir.path, 'ran');
    writeFileSync(join(dir.path, 'yq'), `#!/bin/sh\ntouch ${marker}\necho "version v4.44.6"\n`);
    chmodSync(join(dir.path, 'yq'), 0o755);
    for (const path of [dir.path, `/usr/..${dir.path}`]) expect((await outcome(run('true', { env: { PATH: `${path}:/usr/bin:/bin` } }, { image: { tools: ['yq'] } }))).exitCode).toBe(0);
    expect(existsSync(marker)).toBe(false);
  });

  it('cannot write without end', async () => {
    expect((await outcome(run('dd if=/dev/zero of=/tmp/x bs=1M count=600 2>/dev/null; test $(stat -c %s /tmp/x) -lt 600000000'))).exitCode).toBe(0);
  });
});
