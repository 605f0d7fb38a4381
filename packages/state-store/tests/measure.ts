import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GitStateStore, placementChange } from '../src/index.ts';
import type { StateStoreChange } from '../src/index.ts';
import { encodeWorkload } from '../src/index.ts';

// What a write costs: node packages/state-store/tests/measure.ts [WRITES] [FOLDERS_BEFORE]
// The git server is a process of its own, as in `plinth up`; times are from the call to the acknowledged push.
const writes = Number(process.argv[2] ?? 500);
const before = Number(process.argv[3] ?? 0);
const dataDir = await mkdtemp(join(tmpdir(), 'plinth-measure-'));
const serverProgram = join(import.meta.dirname, '../../git/tests/server-process.ts');
const server = spawn(process.execPath, [serverProgram, dataDir, '0', '50'], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  const port = Number(String((await once(server.stdout, 'data'))[0]));
  const options = { url: `http://127.0.0.1:${port}/o/r`, branch: 'main', auth: { username: 'u', password: 'p' } };
  await using store = await GitStateStore.open(options);
  if (before > 0) {
    const began = performance.now();
    await store.writeAll(Array.from({ length: before }, (_, at) => change(`before-${at}`)));
    const ms = performance.now() - began;
    print(`${before} placements at once`, `${ms.toFixed(0)} ms, ${((before / ms) * 1000).toFixed(0)} placements/s`);
    const again = performance.now();
    await using reader = await GitStateStore.open(options);
    print('open a store that holds them', `${(performance.now() - again).toFixed(0)} ms`);
    void reader;
  }
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let at = 0; at < writes; at++) {
    const start = performance.now();
    const outcome = await store.write(change(`one-${at}`));
    if (outcome.outcome !== 'written') throw new Error(`write ${at}: ${JSON.stringify(outcome)}`);
    times.push(performance.now() - start);
  }
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const quantile = (q: number): string => `${times[Math.min(times.length - 1, Math.floor(times.length * q))]!.toFixed(1)} ms`;
  print(`${writes} writes one after the other`, `p50 ${quantile(0.5)}, p95 ${quantile(0.95)}, max ${quantile(1)}, ${(writes / seconds).toFixed(0)} pushes/s`);
  print('CPU of the writer per write', `${((user + system) / 1000 / writes).toFixed(2)} ms`);
  print('packs in the end', String((await readdir(join(dataDir, 'o/r.git/objects/pack'))).filter((name) => name.endsWith('.pack')).length));
  print('memory of the writer', `${Math.round(process.memoryUsage().rss / 1e6)} MB`);
} finally {
  server.kill();
  await once(server, 'exit');
  await rm(dataDir, { recursive: true, force: true });
}

function change(name: string): StateStoreChange {
  const placement = { namespace: 'default', name: `wp-${name}`, promiseName: 'postgresql', resourceName: name, pipelineName: 'instance-configure', groupId: '5058f1af' };
  const manifest = `apiVersion: acid.zalan.do/v1\nkind: postgresql\nmetadata:\n  name: acid-${name}\n  namespace: default\nspec:\n  teamId: acid\n  volume:\n    size: 1Gi\n  numberOfInstances: 1\n`;
  return placementChange({ path: 'worker-cluster' }, placement, [encodeWorkload('postgres-instance.yaml', manifest)]);
}

function print(what: string, value: string): void {
  process.stdout.write(`${what.padEnd(40)} ${value}\n`);
}
