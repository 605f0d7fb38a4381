import { join } from 'node:path';
import { eventually } from '@plinth/testing';
import { expect, it } from 'vitest';
import { connectToDatabase } from './_util/database.ts';
import { plinth as command, run, startPlinth } from './_util/plinth.ts';
import { request } from './_util/request.ts';

const kills = 20;
const requests = 20;
/** Printed when the test fails; put it here to see the same moments again. */
const seed = Number(process.env['PLINTH_FAULT_SEED'] ?? Date.now() % 100_000);

it(`loses nothing when each process is killed at ${kills} random moments during a burst of ${requests} requests (seed ${seed})`, async () => {
  await using plinth = await startPlinth();
  const random = generator(seed);
  await plinth.kubectl('apply -f -', { stdin: request('before') });
  await eventually(async () => (await plinth.kubectl('get postgresql before')).stdout.includes('deployed successfully'), { timeoutMs: 20_000, intervalMs: 100 });
  const before = await connectToDatabase(plinth, { name: 'acid-before-postgresql', user: 'acid', database: 'bestdb' });
  await before.query('CREATE TABLE kept (id int)');
  await before.query('INSERT INTO kept SELECT generate_series(1, 1000)');
  await before.end();

  const acknowledged = new Set<string>();
  let killed = 0;
  const killing = (async () => {
    const victims = ['platform', 'worker', 'git', 'supervisor'];
    for (; killed < kills; killed++) {
      await new Promise((resolve) => setTimeout(resolve, 20 + random() * 400));
      const victim = victims[Math.floor(random() * victims.length)]!;
      const pid = await pidOf(plinth.dataDir, victim);
      if (pid > 0) process.kill(pid, 'SIGKILL');
    }
  })();
  const asking = Promise.all(
    Array.from({ length: requests }, async (_, index) => {
      const name = `burst-${index}`;
      await new Promise((resolve) => setTimeout(resolve, random() * 4000));
      await eventually(
        async () => {
          const result = await plinth.kubectl('apply -f -', { stdin: request(name), mayFail: true, timeoutMs: 10_000 });
          if (result.exitCode !== 0) throw new Error(result.stderr);
          return true;
        },
        { timeoutMs: 60_000, intervalMs: 200 },
      );
      acknowledged.add(name);
    }),
  );
  await Promise.all([killing, asking]);
  expect(killed).toBe(kills);
  expect(acknowledged.size).toBe(requests);

  await eventually(
    async () => {
      const { items } = await plinth.json<{ items: { metadata: { name: string }; status?: { healthStatus?: { state?: string } } }[] }>('get postgresqls');
      expect(items.filter((item) => item.status?.healthStatus?.state !== 'ready').map((item) => item.metadata.name)).toEqual([]);
      expect(items).toHaveLength(requests + 1);
      return true;
    },
    { timeoutMs: 120_000, intervalMs: 500 },
  );

  const names = ['before', ...acknowledged].map((name) => `acid-${name}-postgresql`).sort();
  const worker = async (kind: string): Promise<string[]> => (await plinth.json<{ items: { metadata: { name: string } }[] }>(`--context worker get ${kind}`)).items.map((item) => item.metadata.name).sort();
  expect(await worker('postgresqls.acid.zalan.do')).toEqual(names);
  expect(await worker('statefulsets')).toEqual(names);
  expect(await worker('pods -l application=spilo')).toEqual(names.map((name) => `${name}-0`));
  expect(await worker('pvc')).toEqual(names.map((name) => `pgdata-${name}-0`));

  const files = await run('git', ['-C', join(plinth.dataDir, 'git', 'repositories', 'gitea_admin', 'kratix.git'), 'ls-tree', '-r', '--name-only', 'main', 'worker-cluster/resources/default']);
  expect(files.stdout.trim().split('\n').sort()).toEqual(['before', ...acknowledged].map((name) => `worker-cluster/resources/default/postgresql/${name}/instance-configure/5058f/postgres-instance.yaml`).sort());

  for (const name of names) {
    const client = await connectToDatabase(plinth, { name, user: 'acid', database: 'bestdb' });
    if (name === 'acid-before-postgresql') expect((await client.query('SELECT count(*)::int AS n FROM kept')).rows).toEqual([{ n: 1000 }]);
    else await client.query('SELECT 1');
    await client.end();
  }
  const servers = await run('pgrep', ['-fc', 'postgres.*-D']);
  expect(Number(servers.stdout)).toBeGreaterThanOrEqual(names.length);
}, 240_000);

async function pidOf(dataDir: string, unit: string): Promise<number> {
  const { stdout } = await command(['status', '--output', 'json', '--data-dir', dataDir]);
  const { units } = JSON.parse(stdout || '{"units":[]}') as { units: { unit: string; pid: number }[] };
  return units.find((each) => each.unit === unit)?.pid ?? 0;
}

/** Mulberry32: the same seed gives the same moments. */
function generator(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

