/**
 * `npm run bench [-- NAME ...]`: measures what the budgets speak of, on this machine, on platforms of their own, and writes
 * `bench/results/NAME.json` and the tables of `bench/README.md`.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { measureLists, measureWrites } from './measures/api-server.ts';
import { measureLightRequests } from './measures/light-requests.ts';
import { measureManyAtOnce } from './measures/many-at-once.ts';
import { measureMemory } from './measures/memory.ts';
import { measureOneAtATime } from './measures/one-at-a-time.ts';
import { measureStartUp } from './measures/start-up.ts';
import { measureWaterfall } from './measures/waterfall.ts';
import { removeBenchData, startBenchPlatform, type BenchPlatform } from './platform.ts';
import { renderReport } from './report.ts';

const folder = join(import.meta.dirname, 'results');

/** Each on a fresh platform, so that none inherits what another left behind. */
const onPlatform = (measure: (bench: BenchPlatform) => Promise<unknown>) => async (): Promise<unknown> => {
  await using bench = await startBenchPlatform();
  // Awaited here: the platform is stopped when this function returns.
  return await measure(bench);
};

const measures: Readonly<Record<string, () => Promise<unknown>>> = {
  'start-up': () => measureStartUp(),
  memory: onPlatform((bench) => measureMemory(bench)),
  'one-at-a-time': onPlatform((bench) => measureOneAtATime(bench)),
  waterfall: onPlatform((bench) => measureWaterfall(bench)),
  'many-at-once': onPlatform((bench) => measureManyAtOnce(bench)),
  'light-requests': onPlatform((bench) => measureLightRequests(bench)),
  writes: onPlatform((bench) => measureWrites(bench)),
  lists: onPlatform((bench) => measureLists(bench)),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in measures));
if (unknown.length > 0 || wanted.includes('--help')) {
  console.error(`usage: npm run bench [-- NAME ...], with NAME one of: ${Object.keys(measures).join(', ')}`);
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const [name, measure] of Object.entries(measures)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`measuring ${name} ...`);
  const started = performance.now();
  const result = await measure();
  console.log(JSON.stringify(result));
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ measured: new Date().toISOString(), tookS: Math.round((performance.now() - started) / 1000), machine: machine(), result }, null, 2)}\n`);
}
const results = Object.fromEntries(readdirSync(folder).filter((file) => file.endsWith('.json')).map((file) => [file.slice(0, -5), JSON.parse(readFileSync(join(folder, file), 'utf8')) as { result: never }]));
writeFileSync(join(import.meta.dirname, 'README.md'), renderReport(results));
removeBenchData();
// Connections that are kept alive need not be waited for.
process.exit();

function machine(): object {
  return { cpus: cpus().length, model: cpus()[0]?.model, memoryGB: Math.round(totalmem() / 2 ** 30), node: process.versions.node, platform: process.platform };
}
