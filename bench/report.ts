import type { LightRequests } from './measures/light-requests.ts';
import type { Summary } from './statistics.ts';

interface Results {
  readonly 'start-up'?: { readonly result: { readonly firstMs: Summary; readonly againMs: Summary } };
  readonly memory?: { readonly result: { readonly idleMB: number; readonly withTen: { readonly platformMB: number; readonly databasesMB: number } } };
  readonly 'one-at-a-time'?: { readonly result: { readonly requestToSqlMs: Summary } };
  readonly waterfall?: { readonly result: readonly { readonly name: string; readonly atMs: number }[] };
  readonly 'many-at-once'?: { readonly result: readonly { readonly count: number; readonly allAnsweredS: number; readonly requestToSqlMs: Summary }[] };
  readonly 'light-requests'?: { readonly result: readonly LightRequests[] };
  readonly writes?: { readonly result: readonly { readonly clients: number; readonly writesPerSecond: number }[] };
  readonly lists?: { readonly result: readonly { readonly objects: number; readonly listMs: Summary }[] };
}

/** `bench/README.md` from the results: the budgets, what was measured, and the curves. */
export function renderReport(results: Results): string {
  const one = results['one-at-a-time']?.result.requestToSqlMs;
  const start = results['start-up']?.result;
  const memory = results.memory?.result;
  const hundred = results['many-at-once']?.result.at(-1);
  const light = results['light-requests']?.result.find(({ count }) => count === 1000);
  const writes = results.writes?.result.at(-1);
  const list = results.lists?.result.at(-1);
  const rows = [
    ['request applied to SQL answered, one at a time, p50 / p95 / max', '1,000 / 2,000 ms', '150 / 300 ms', one && `${one.p50} / ${one.p95} / ${one.max} ms`],
    ['`plinth up` to ready, Postgres on offer: new data directory, p50 / max', '5,000 ms', '1,500 ms', start && `${start.firstMs.p50} / ${start.firstMs.max} ms`],
    ['the same on a data directory that is there, p50 / max', '5,000 ms', '1,500 ms', start && `${start.againMs.p50} / ${start.againMs.max} ms`],
    ['1,000 requests of a light Promise at once, all on the worker', '60 s', '5 s', light && `${light.allOnWorkerS} s`],
    ['the same, all files in the state store', '', '10 s', light && `${light.allInStoreS} s`],
    ['durable writes through HTTPS, 64 clients', '1,000/s', '5,000/s', writes && `${writes.writesPerSecond}/s`],
    ['list 10,000 objects, p50 / p95', '500 ms', '80 ms', list && `${list.listMs.p50} / ${list.listMs.p95} ms (${list.objects})`],
    ['memory of the idle platform, all processes', '600 MB', '180 MB', memory && `${memory.idleMB} MB`],
    ['memory with 10 databases: platform + servers', '', '', memory && `${memory.withTen.platformMB} + ${memory.withTen.databasesMB} MB`],
    ['100 databases asked for at once, all answer SQL', '120 s', '20 s', hundred && `${hundred.allAnsweredS} s (${hundred.count})`],
  ];
  return `# Measurements

\`npm run bench\` makes this page and \`results/*.json\`, on platforms of its own, through HTTPS, as anybody would use them;
\`npm run bench -- one-at-a-time\` repeats one. The machine, the moment and all series are in the files. No database is kept in
stock: each one is copied from a prepared template, started and given its roles after it was asked for.

| what | first budget | where it must get to | measured |
| --- | --- | --- | --- |
${rows.map((row) => `| ${row.map((cell) => cell || '').join(' | ')} |`).join('\n')}

## Where the time of one request goes

Medians; each stage is when a watch on the API first shows it.

\`\`\`
${waterfall(results.waterfall?.result ?? [])}
\`\`\`

## Curves

| databases asked for at once | all answer SQL | request to SQL, p50 / p95 |
| --- | --- | --- |
${(results['many-at-once']?.result ?? []).map(({ count, allAnsweredS, requestToSqlMs }) => `| ${count} | ${allAnsweredS} s | ${requestToSqlMs.p50} / ${requestToSqlMs.p95} ms |`).join('\n')}

| light requests at once | all files in the store | all on the worker | all say \`Applied\` | one more afterwards, p50 / p95 | reconciles per request (Kratix: 13) | API writes per request |
| --- | --- | --- | --- | --- | --- | --- |
${(results['light-requests']?.result ?? []).map((each) => `| ${each.count} | ${each.allInStoreS} s | ${each.allOnWorkerS} s | ${each.allSayAppliedS} s | ${each.oneAfterwardsMs.p50} / ${each.oneAfterwardsMs.p95} ms | ${each.cost.reconciles} | ${each.cost.writes} |`).join('\n')}

| clients writing | durable writes |
| --- | --- |
${(results.writes?.result ?? []).map(({ clients, writesPerSecond }) => `| ${clients} | ${writesPerSecond}/s |`).join('\n')}

| objects listed | p50 / p95 |
| --- | --- |
${(results.lists?.result ?? []).map(({ objects, listMs }) => `| ${objects} | ${listMs.p50} / ${listMs.p95} ms |`).join('\n')}
`;
}

/** A bar per stage from the end of the one before. */
function waterfall(stages: readonly { readonly name: string; readonly atMs: number }[]): string {
  const total = stages.at(-1)?.atMs ?? 1;
  const width = 60;
  let before = 0;
  return stages
    .map(({ name, atMs }) => {
      const from = Math.round((before / total) * width);
      const to = Math.max(from + 1, Math.round((atMs / total) * width));
      before = atMs;
      return `${name.padEnd(32)} ${atMs.toFixed(0).padStart(5)} ms  ${' '.repeat(from)}${'█'.repeat(to - from)}`;
    })
    .join('\n');
}
