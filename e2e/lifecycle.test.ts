import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpTransport, loadKubeconfig } from '@plinth/client/node';
import { eventually } from '@plinth/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { connectToDatabase } from './_util/database.ts';
import { plinth, spawnPlinth, startPlinth } from './_util/plinth.ts';
import { request } from './_util/request.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function newDataDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'plinth-e2e-'));
  folders.push(folder);
  return join(folder, 'data');
}

describe('plinth demo', () => {
  it('goes from nothing to SQL, stops within 5 s of Ctrl-C, leaves no process, and finds its rows again', async () => {
    const dataDir = await newDataDir();
    const first = await playUntilSummary(dataDir);
    expect(first.output).toMatch(/✓ SQL\s+[\d.]+ m?s\s+PostgreSQL 18/);
    expect(first.output).toContain('psql "postgresql://acid:********@');
    expect(await interrupt(first.child)).toBeLessThan(5000);
    await noProcessOf(dataDir);
    const second = await playUntilSummary(dataDir);
    expect(second.output).toContain('with the rows of 1 earlier start');
    await interrupt(second.child);
    await noProcessOf(dataDir);
  }, 90_000);
});

describe('plinth up', () => {
  it('runs beside another one, on ports and addresses of its own', async () => {
    await using first = await startPlinth();
    await using second = await startPlinth();
    for (const one of [first, second]) await one.kubectl('apply -f -', { stdin: request('example') });
    for (const one of [first, second]) {
      await eventually(async () => (await one.kubectl('get postgresql example')).stdout.includes('deployed successfully'), { timeoutMs: 30_000, intervalMs: 100 });
      const client = await connectToDatabase(one, { name: 'acid-example-postgresql', user: 'acid', database: 'bestdb' });
      await client.end();
    }
    expect(Object.values(first.ports).filter((port) => Object.values(second.ports).includes(port))).toEqual([]);
  }, 90_000);

  it('keeps its data directory to its owner', async () => {
    const dataDir = await newDataDir();
    await using _running = await startPlinth({ dataDir });
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dataDir, 'kubeconfig'))).mode & 0o777).toBe(0o600);
  }, 60_000);

  it('refuses a store that is damaged, names the file, and changes nothing', async () => {
    const dataDir = await newDataDir();
    {
      await using _running = await startPlinth({ dataDir, keep: true });
    }
    const store = (await files(dataDir)).find((file) => file.includes('platform') && file.endsWith('.db'))!;
    const damaged = Buffer.from(await readFile(store));
    damaged.fill(0x58, 4096, 4096 + 512);
    await writeFile(store, damaged);
    const up = await plinth(['up', '--detach', '--data-dir', dataDir]);
    await plinth(['down', '--data-dir', dataDir]);
    expect(up.exitCode).toBe(4);
    expect(up.stderr).toContain(store);
    expect(up.stderr).not.toMatch(/\n\s+at /);
    expect(Buffer.compare(await readFile(store), damaged)).toBe(0);
  }, 60_000);

  it('refuses a store that is gone', async () => {
    const dataDir = await newDataDir();
    {
      await using _running = await startPlinth({ dataDir, keep: true });
    }
    const store = (await files(dataDir)).find((file) => file.includes('worker') && file.endsWith('.db'))!;
    for (const file of [store, `${store}-wal`]) await rm(file, { force: true });
    const up = await plinth(['up', '--detach', '--data-dir', dataDir]);
    await plinth(['down', '--data-dir', dataDir]);
    expect(up.exitCode).toBe(4);
    expect(up.stderr).toContain(store);
  }, 60_000);

  it('refuses repositories and keys that are damaged or gone, names the file, and begins nothing anew', async () => {
    const whole = await newDataDir();
    {
      await using _running = await startPlinth({ dataDir: whole, keep: true });
    }
    const damages: readonly (readonly [file: string, damage: (path: string) => Promise<void>])[] = [
      ['git/repositories/gitea_admin/requests.git', (path) => rm(path, { recursive: true })],
      ['git/repositories/gitea_admin/kratix.git/refs/heads/main', (path) => writeFile(path, 'garbage\n')],
      ['clusters/platform/objects.db', (path) => writeFile(path, '')],
      ['clusters/platform/pki/ca.key', (path) => writeFile(path, '')],
    ];
    for (const [file, damage] of damages) {
      const dataDir = await newDataDir();
      await cp(whole, dataDir, { recursive: true, filter: (source) => !source.endsWith('.sock') });
      await damage(join(dataDir, file));
      const up = await plinth(['up', '--detach', '--data-dir', dataDir]);
      await plinth(['down', '--data-dir', dataDir]);
      expect(up.stderr).toContain(join(dataDir, file));
      expect(up.stderr).toContain('what to do: ');
      expect(up.exitCode).toBe(4);
    }
  }, 90_000);

  it('leaves no process when it is stopped twice while it is starting, and nobody reads what it says', async () => {
    const dataDir = await newDataDir();
    const child = spawnPlinth(['up', '--data-dir', dataDir]);
    child.stderr!.resume();
    const [first] = (await once(child.stdout!, 'data')) as [Buffer];
    expect(first.toString()).toContain('Plinth  data directory');
    child.stdout!.destroy();
    await eventually(async () => (await readFile(join(dataDir, 'logs', 'worker.log'), 'utf8').catch(() => undefined)) !== undefined, { timeoutMs: 20_000, intervalMs: 10 });
    const exited = once(child, 'exit');
    process.kill(child.pid!, 'SIGINT');
    process.kill(child.pid!, 'SIGINT');
    await exited;
    await noProcessOf(dataDir);
  }, 60_000);

  it('refuses a data directory of a newer Plinth', async () => {
    const dataDir = await newDataDir();
    {
      await using _running = await startPlinth({ dataDir, keep: true });
    }
    const file = join(dataDir, 'plinth.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"format": 1', '"format": 7'));
    const up = await plinth(['up', '--detach', '--data-dir', dataDir]);
    expect(up).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(`${file} was written by a newer Plinth (format 7`) as string });
  }, 60_000);
});

describe('the command', () => {
  it('says what it can do, and what it could not', async () => {
    expect((await plinth(['--help'])).stdout).toMatch(/up .*\n[\s\S]*down .*\n[\s\S]*status .*\n[\s\S]*env .*\n[\s\S]*demo /);
    for (const command of ['up', 'down', 'status', 'env', 'demo']) expect((await plinth([command, '--help'])).stdout).toContain('--data-dir');
    const dataDir = await newDataDir();
    expect(await plinth(['down', '--data-dir', dataDir])).toMatchObject({ exitCode: 3, stderr: `plinth: no Plinth runs on ${dataDir}\n  what to do: \`plinth up\` starts it\n` });
    expect((await plinth(['status', '--data-dir', dataDir])).exitCode).toBe(3);
    expect((await plinth(['env', '--data-dir', dataDir])).exitCode).toBe(3);
    expect((await plinth(['fly'])).exitCode).toBe(2);
  }, 60_000);

  it('prints lines for the shell and JSON for scripts', async () => {
    const dataDir = await newDataDir();
    await using running = await startPlinth({ dataDir });
    expect((await plinth(['env', '--data-dir', dataDir])).stdout).toBe(`export KUBECONFIG=${running.kubeconfig}\nexport PLATFORM=platform\nexport WORKER=worker\n`);
    const status = JSON.parse((await plinth(['status', '--data-dir', dataDir, '--output', 'json'])).stdout) as { units: { unit: string; phase: string }[] };
    expect(status.units.map(({ unit, phase }) => `${unit} ${phase}`)).toEqual(['supervisor ready', 'git ready', 'platform ready', 'worker ready']);
    expect((await plinth(['up', '--data-dir', dataDir])).stderr).toContain('Plinth already runs');
  }, 60_000);
});

describe('the API', () => {
  it('lets nobody in without a credential, nor further than the credential goes', async () => {
    await using running = await startPlinth();
    const { server, ca } = await loadKubeconfig(running.kubeconfig, 'platform');
    const status = async (token?: string): Promise<number> => {
      using transport = httpTransport({ server, ...(ca ? { ca } : {}), ...(token ? { token } : {}) });
      return (await transport.request({ method: 'GET', path: '/api/v1/nodes' })).status;
    };
    expect(await status()).toBe(401);
    expect(await status('made-up')).toBe(401);
    const token = (await running.kubectl('create token default')).stdout.trim();
    expect(await status(token)).toBe(403);
  }, 60_000);
});

async function playUntilSummary(dataDir: string): Promise<{ output: string; child: ReturnType<typeof spawnPlinth> }> {
  const child = spawnPlinth(['demo', '--data-dir', dataDir]);
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`plinth demo ended early:\n${output}`);
  });
  ended.catch(() => {});
  await Promise.race([eventually(() => output.includes('Ctrl-C stops everything'), { timeoutMs: 40_000, intervalMs: 20 }), ended]);
  return { output, child };
}

async function interrupt(child: ReturnType<typeof spawnPlinth>): Promise<number> {
  const started = performance.now();
  const exited = once(child, 'exit');
  process.kill(child.pid!, 'SIGINT');
  await exited;
  return performance.now() - started;
}

/** No process has the data directory as its working directory, in its arguments, or as the home of an open file. */
async function noProcessOf(dataDir: string): Promise<void> {
  const own: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (command.includes(dataDir) || folder.startsWith(dataDir)) own.push(`${pid} ${command.replaceAll('\0', ' ')}`);
  }
  expect(own).toEqual([]);
}

async function files(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
