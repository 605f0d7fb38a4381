import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, findChromium, type KubectlVersion } from '@plinth/testing';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectToDatabase } from './_util/database.ts';
import { type RunningPlinth, run, startPlinth } from './_util/plinth.ts';
import { request } from './_util/request.ts';

/** "The journey" of the design, step by step, with stock tools, on one platform that was asked for `example`. */
let plinth: RunningPlinth;
beforeAll(async () => {
  plinth = await startPlinth();
  await plinth.kubectl('apply --context platform -f -', { stdin: request('example') });
  await eventually(async () => (await plinth.kubectl('get postgresql example')).stdout.includes('deployed successfully'), { timeoutMs: 20_000, intervalMs: 100 });
}, 60_000);
afterAll(() => plinth?.[Symbol.asyncDispose]());

const statefile = 'worker-cluster/resources/default/postgresql/example/instance-configure/5058f/postgres-instance.yaml';

describe.each(['1.32', '1.35'] as const)('the journey with kubectl %s', (version: KubectlVersion) => {
  const kubectl = async (args: string, stdin?: string): Promise<string> => (await plinth.kubectl(args, { version, ...(stdin === undefined ? {} : { stdin }) })).stdout;

  it('1: lists the services on offer', async () => {
    const [header, ...rows] = (await kubectl('get promises')).trim().split('\n');
    expect(header!.split(/\s{2,}/)).toEqual(expect.arrayContaining(['NAME', 'STATUS', 'KIND', 'API VERSION', 'VERSION']));
    expect(rows.find((row) => row.startsWith('postgresql'))).toMatch(/^postgresql\s+Available\s+postgresql\s+marketplace\.kratix\.io\/v1alpha2/);
  });

  it('2: takes a request from standard input, and again without a change', async () => {
    const name = `again-${version.replace('.', '-')}`;
    expect(await kubectl('apply --context platform -f -', request(name))).toBe(`postgresql.marketplace.kratix.io/${name} created\n`);
    expect(await kubectl('apply --context platform -f -', request(name))).toBe(`postgresql.marketplace.kratix.io/${name} unchanged\n`);
    await kubectl(`delete postgresql ${name}`);
  });

  it('3: shows the request with size and version, and where to connect', async () => {
    expect(await kubectl('get --context platform postgresqls')).toMatch(/example\s+1Gi instance v18 deployed successfully without backups\s+Reconciled/);
    const status = JSON.parse(await kubectl('get postgresql example -o jsonpath={.status}')) as Record<string, Record<string, unknown>>;
    expect(status['connectionDetails']!['host']).toBe('acid-example-postgresql.default.svc.cluster.local');
    expect(String(status['connectionDetails']!['credentials'])).toContain('default/postgres.acid-example-postgresql.credentials.postgresql.acid.zalan.do');
    expect(status['healthStatus']!['state']).toBe('ready');
  });

  it('4: shows the pods of the workflow, completed, and what each container printed', async () => {
    const pods = await kubectl('get pods --selector kratix.io/promise-name=postgresql,kratix.io/resource-name=example');
    const [name, ready, status] = pods.trim().split('\n')[1]!.split(/\s+/);
    expect([ready, status]).toEqual(['0/1', 'Completed']);
    const containers = (await kubectl(`get pod ${name} -o jsonpath={.spec.initContainers[*].name}`)).split(' ');
    expect([containers[0], containers.at(-1)]).toEqual(['reader', 'work-writer']);
    for (const container of [...containers, 'status-writer']) expect(await kubectl(`logs ${name} -c ${container}`)).not.toBe('');
  });

  it('5: shows the operator and the database running on the worker', async () => {
    const pods = await kubectl('--context worker get pods');
    expect(pods).toMatch(/acid-example-postgresql-0\s+1\/1\s+Running/);
    expect(pods).toMatch(/postgres-operator-[a-z0-9]+-[a-z0-9]{5}\s+1\/1\s+Running/);
  });

  it.each([
    'explain postgresql.spec',
    'explain postgresql.spec.env',
    'describe postgresql example',
    'describe promise postgresql',
    '--context worker describe pod acid-example-postgresql-0',
    '--context worker describe statefulset acid-example-postgresql',
    'get postgresql example -o yaml',
    'get postgresql example -o wide',
    "get postgresql example -o custom-columns=NAME:.metadata.name,SIZE:.status.message",
    'wait --for=condition=Reconciled postgresql/example --timeout=5s',
    'wait --for=condition=Available promise/postgresql --timeout=5s',
    'wait --for=jsonpath={.status.healthStatus.state}=ready postgresql/example --timeout=5s',
    'api-resources --api-group=marketplace.kratix.io',
    'api-resources',
    'api-versions',
    '--context worker get all',
    'get destinations,gitstatestores,works,workplacements -A',
    'get kustomizations -A',
    '--context worker get kustomizations,gitrepositories -A',
    '--context worker get pg',
    '--context worker rollout status deployment/postgres-operator --timeout=5s',
    'get events',
    'cluster-info',
    'version',
  ])('answers kubectl %s', async (args) => {
    expect(await kubectl(args)).not.toBe('');
  });

  it('explains the fields of the request', async () => {
    expect(await kubectl('explain postgresql.spec.env')).toMatch(/FIELD: env <string>/);
  });

  it('dry-runs and applies on the server', async () => {
    expect(await kubectl('apply --dry-run=server -f -', request('dry'))).toContain('created (server dry run)');
    expect((await plinth.kubectl('get postgresql dry', { mayFail: true })).stderr).toContain('NotFound');
    expect(await kubectl('apply --server-side --force-conflicts -f -', request('example'))).toContain('serverside-applied');
  });
});

describe('the state store', () => {
  it('6: can be cloned with git and holds the files of the contract', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plinth-clone-'));
    try {
      const clone = await run('git', ['clone', '-q', `http://localhost:${plinth.ports.git}/gitea_admin/kratix`, folder]);
      expect(clone.stderr).toBe('');
      const manifest = await readFile(join(folder, statefile), 'utf8');
      // 7: more than was asked for: the rules of the platform.
      expect(manifest).toContain('size: 1Gi');
      expect(manifest).toContain('numberOfInstances: 1');
      expect(manifest).toContain('enableLogicalBackup: false');
      expect((await run('git', ['-C', folder, 'fsck', '--strict'])).exitCode).toBe(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('6: has pages that a browser shows', async (context) => {
    const browserPath = await findChromium();
    if (!browserPath) {
      console.warn('skipped: no Chromium on this machine; the pages were not looked at in a browser');
      context.skip();
      return;
    }
    const browser = await chromium.launch({ executablePath: browserPath, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
    try {
      const page = await browser.newPage({ javaScriptEnabled: false });
      await page.goto(`http://localhost:${plinth.ports.git}/gitea_admin/kratix/src/branch/main/worker-cluster/resources`);
      for (const step of statefile.split('/').slice(2)) {
        if (page.url().includes(`/${step}`)) continue;
        const link = page.getByRole('link', { name: new RegExp(`(^|/)${step.replaceAll('.', '\\.')}(/|$)`) }).first();
        await link.click();
      }
      expect(await page.textContent('body')).toContain('acid-example-postgresql');
    } finally {
      await browser.close();
    }
  });
});

describe('the database', () => {
  it('8: answers SQL with the credentials of the Secret, and only with them', async () => {
    const client = await connectToDatabase(plinth, { name: 'acid-example-postgresql', user: 'acid', database: 'bestdb' });
    try {
      const { rows } = await client.query<{ database: string; version: string }>("SELECT current_database() AS database, current_setting('server_version_num') AS version");
      expect(rows[0]!.database).toBe('bestdb');
      expect(Number(rows[0]!.version)).toBeGreaterThanOrEqual(180_000);
      const host = client.host;
      const { default: pg } = await import('pg');
      const stranger = new pg.Client({ host, port: 5432, user: 'acid', database: 'bestdb', password: 'wrong' });
      await expect(stranger.connect()).rejects.toThrow('password authentication failed');
    } finally {
      await client.end();
    }
  });

  it('is not ready while its server is dead, and ready again when it was restarted, with its rows', async () => {
    await plinth.kubectl('apply -f -', { stdin: request('mortal') });
    const state = async (): Promise<string> => (await plinth.kubectl('get postgresql mortal -o jsonpath={.status.healthStatus.state}')).stdout;
    await eventually(async () => (await state()) === 'ready', { timeoutMs: 20_000, intervalMs: 50 });
    const client = await connectToDatabase(plinth, { name: 'acid-mortal-postgresql', user: 'acid', database: 'bestdb' });
    await client.query('CREATE TABLE kept (id int)');
    await client.query('INSERT INTO kept VALUES (42)');
    await client.end();
    const watching = watchStates(plinth, 'mortal');
    const pid = await serverPid(plinth, 'acid-mortal-postgresql');
    process.kill(pid, 'SIGKILL');
    await eventually(async () => (await watching.seen()).includes('unhealthy'), { timeoutMs: 5000 });
    await eventually(async () => (await state()) === 'ready', { timeoutMs: 20_000, intervalMs: 50 });
    watching.stop();
    const again = await connectToDatabase(plinth, { name: 'acid-mortal-postgresql', user: 'acid', database: 'bestdb' });
    expect((await again.query('SELECT id FROM kept')).rows).toEqual([{ id: 42 }]);
    await again.end();
    const restarts = await plinth.kubectl('--context worker get pod acid-mortal-postgresql-0 -o jsonpath={.status.containerStatuses[0].restartCount}');
    expect(Number(restarts.stdout)).toBeGreaterThanOrEqual(1);
    await plinth.kubectl('delete postgresql mortal');
  }, 60_000);
});

describe('a request', () => {
  it('can come through git', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plinth-requests-'));
    const { username, password } = JSON.parse(await readFile(join(plinth.dataDir, 'git', 'credentials.json'), 'utf8')) as { username: string; password: string };
    const git = async (...args: string[]): Promise<void> => {
      const result = await run('git', ['-C', folder, '-c', 'user.name=dev', '-c', 'user.email=dev@example.com', ...args]);
      if (result.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`);
    };
    try {
      await run('git', ['clone', '-q', `http://${username}:${password}@localhost:${plinth.ports.git}/gitea_admin/requests`, folder]);
      await writeFile(join(folder, 'from-git.yaml'), request('from-git'));
      await git('add', '.');
      await git('commit', '-qm', 'ask for a database');
      await git('push', '-q', 'origin', 'HEAD:main');
      await eventually(async () => (await plinth.kubectl('get postgresql from-git', { mayFail: true })).stdout.includes('deployed successfully'), { timeoutMs: 20_000, intervalMs: 100 });
      await git('rm', '-q', 'from-git.yaml');
      await writeFile(join(folder, 'README.md'), 'requests live here');
      await git('add', '.');
      await git('commit', '-qm', 'give it back');
      await git('push', '-q', 'origin', 'HEAD:main');
      await eventually(async () => (await plinth.kubectl('get postgresql from-git', { mayFail: true })).stderr.includes('NotFound'), { timeoutMs: 20_000, intervalMs: 100 });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 60_000);

  it('that is deleted takes everything with it: files, objects, pod, server process', async () => {
    await plinth.kubectl('apply -f -', { stdin: request('short-lived') });
    await eventually(async () => (await plinth.kubectl('get postgresql short-lived')).stdout.includes('deployed successfully'), { timeoutMs: 20_000, intervalMs: 100 });
    const pid = await serverPid(plinth, 'acid-short-lived-postgresql');
    await plinth.kubectl('delete postgresql short-lived --timeout=20s');
    await eventually(async () => {
      const left = await plinth.kubectl('--context worker get postgresqls.acid.zalan.do,statefulsets,pods,services,secrets,pvc,pdb,endpoints -l cluster-name=acid-short-lived-postgresql');
      expect(left.stdout).toBe('');
      expect(isAlive(pid)).toBe(false);
      const tree = await fetch(`http://localhost:${plinth.ports.git}/gitea_admin/kratix/src/branch/main/worker-cluster/resources/default/postgresql/short-lived`);
      expect(tree.status).toBe(404);
      expect((await plinth.kubectl('get works,workplacements,jobs,pods -l kratix.io/resource-name=short-lived')).stdout).toBe('');
      return true;
    }, { timeoutMs: 20_000, intervalMs: 100 });
  }, 60_000);
});

describe('a Promise', () => {
  it('whose rules change reruns the workflow for the databases that exist, and the change arrives', async () => {
    const promise = await plinth.json<{ spec: { workflows: { resource: { configure: { spec: { containers: { env: { name: string; value: string }[] }[] } }[] } } } }>('get promise postgresql');
    const container = promise.spec.workflows.resource.configure[0]!.spec.containers[0]!;
    const original = JSON.stringify(promise);
    container.env = container.env.map((entry) => (entry.name === 'DEV_VOLUME_SIZE' ? { ...entry, value: '2Gi' } : entry));
    await plinth.kubectl('apply --server-side --force-conflicts -f -', { stdin: JSON.stringify(clean(promise)) });
    await eventually(async () => (await plinth.kubectl('get postgresql example')).stdout.includes('2Gi instance v18 deployed successfully'), { timeoutMs: 20_000, intervalMs: 100 });
    await eventually(async () => (await plinth.kubectl('--context worker get pg acid-example-postgresql -o jsonpath={.spec.volume.size}')).stdout === '2Gi', { timeoutMs: 20_000, intervalMs: 100 });
    await plinth.kubectl('apply --server-side --force-conflicts -f -', { stdin: JSON.stringify(clean(JSON.parse(original) as object)) });
    await eventually(async () => (await plinth.kubectl('get postgresql example')).stdout.includes('1Gi instance v18 deployed successfully'), { timeoutMs: 20_000, intervalMs: 100 });
  }, 60_000);
});

/** Without what the server added, so that it can be applied. */
function clean(object: object): object {
  const { metadata, status: _status, ...rest } = object as { metadata: { name: string; labels?: object }; status?: unknown };
  return { ...rest, metadata: { name: metadata.name, ...(metadata.labels ? { labels: metadata.labels } : {}) } };
}

/** The server's process, found by asking the server itself. */
async function serverPid(running: RunningPlinth, name: string): Promise<number> {
  const client = await connectToDatabase(running, { name, user: 'acid', database: 'bestdb' });
  try {
    const { rows } = await client.query<{ pid: number }>("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid");
    return rows[0]!.pid;
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Every health state that a request goes through, seen with `kubectl get --watch`. */
function watchStates(running: RunningPlinth, name: string): { seen: () => Promise<string>; stop: () => void } {
  const ended = new AbortController();
  let output = '';
  const watch = running
    .kubectl(`get postgresql ${name} --watch -o 'jsonpath={.status.healthStatus.state} '`, { signal: ended.signal, timeoutMs: 60_000, mayFail: true })
    .then((result) => (output = result.stdout));
  void watch;
  return {
    seen: async () => output || (await running.kubectl(`get postgresql ${name} -o jsonpath={.status.healthStatus.state}`)).stdout,
    stop: () => ended.abort(),
  };
}
