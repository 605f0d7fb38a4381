import { execFile, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, tempDir } from '@plinth/testing';
import { createEngineApi, expectCall } from '../src/runtime/container/engine-api.ts';

const run = promisify(execFile);

/** A container engine of the test's own, with an image made of nothing but a static busybox. */
export interface TestEngine extends AsyncDisposable {
  readonly socket: string;
  /** Its shell is at `/bin/sh`; it runs `/bin/sh -c 'echo entrypoint'` when not told otherwise. */
  readonly image: string;
}

/** Starts Podman's service on a store of its own. A text instead says what is missing for that. */
export async function startTestEngine(): Promise<TestEngine | string> {
  const [busybox, runtime] = [['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)), ['/usr/sbin/runc', '/usr/bin/runc', '/usr/bin/crun'].find((path) => existsSync(path))];
  if (!existsSync('/usr/bin/podman') || !runtime || !busybox) return 'needs podman, runc (or crun) and busybox-static';
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  const root = join(dir.path, 'rootfs');
  mkdirSync(join(root, 'bin'), { recursive: true });
  copyFileSync(busybox, join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  for (const name of ['sh', 'cat', 'echo', 'env', 'id', 'ls', 'sleep', 'touch', 'trap', 'kill']) symlinkSync('busybox', join(root, 'bin', name));
  await run('tar', ['-C', root, '-cf', join(dir.path, 'image.tar'), '.']);
  // Limits above this machine's own are refused where rights are limited.
  const conf = join(dir.path, 'containers.conf');
  writeFileSync(conf, '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n');
  const env = { ...process.env, CONTAINERS_CONF: conf };
  const options = ['--root', join(dir.path, 'root'), '--runroot', join(dir.path, 'run'), '--tmpdir', join(dir.path, 'tmp'), '--storage-driver', 'vfs', '--runtime', runtime, '--cgroup-manager', 'cgroupfs', '--events-backend', 'file'];
  const podman = (...args: readonly string[]): Promise<unknown> => run('podman', [...options, ...args], { env, timeout: 30_000 });
  const image = 'localhost/plinth-test:v1';
  try {
    await podman('import', '--change', 'ENTRYPOINT ["/bin/sh","-c"]', '--change', 'CMD ["echo entrypoint"]', join(dir.path, 'image.tar'), image);
    await podman('run', '--rm', '--network', 'host', image, 'true');
  } catch (error) {
    return `podman runs no containers here: ${(error as Error).message.split('\n').at(-2)}`;
  }
  const socket = join(dir.path, 'engine.sock');
  const service = spawn('podman', [...options, 'system', 'service', '--time=0', `unix://${socket}`], { env, stdio: 'ignore' });
  undo.defer(async () => {
    const ended = new Promise((resolve) => service.once('exit', resolve));
    service.kill('SIGTERM');
    await ended;
  });
  await eventually(() => expectCall(createEngineApi(socket), { method: 'GET', path: '/_ping' }), { timeoutMs: 15_000 });
  const resources = undo.move();
  return { socket, image, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
