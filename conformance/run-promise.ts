/**
 * Installs a Promise that somebody else wrote on a platform of its own, makes its example request, and tells how far
 * both got. Nothing of the folder is changed.
 *
 *     node conformance/run-promise.ts FOLDER [--image 'PATTERN=ENTRY'] [--tool FILE] [--timeout SECONDS] [--keep]
 *         [--promise FILE] [--request FILE]... [--update FILE]...
 *
 * FOLDER holds `promise.yaml`, one or more requests (`resource-request.yaml`, `example-resource.yaml`, `example-rr.yaml`), and,
 * if there are any, `prerequisites.yaml` and Promises that it requires; files of other names are named. What `--update` names is applied when the requests
 * are Reconciled, such as a newer Promise; in any case their workflows are then run again, and at the end all is deleted. ENTRY is an entry of `catalogue.json`:
 * `{"container": true}`, or `dockerfile:PATH` for one that FOLDER has, or `files:PATH` for a folder whose content the image has. A tool is a program that the
 * steps call and this machine lacks. Exit code: 0 when every request became Reconciled, both times, and all went away again, 1 otherwise.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { run, startPlinth, type RunningPlinth } from '../e2e/_util/plinth.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h', default: false }, image: { type: 'string', multiple: true, default: [] }, tool: { type: 'string', multiple: true, default: [] }, timeout: { type: 'string', default: '60' }, promise: { type: 'string', default: 'promise.yaml' }, request: { type: 'string', multiple: true, default: [] }, update: { type: 'string', multiple: true, default: [] }, keep: { type: 'boolean', default: false } },
});
const [given] = positionals;
if (options.help || !given || !existsSync(join(given, options.promise))) {
  console.error('usage: node conformance/run-promise.ts FOLDER [--promise FILE] [--request FILE] [--update FILE] [--image PATTERN=ENTRY] [--tool FILE] [--timeout SECONDS]; FOLDER holds promise.yaml');
  process.exit(options.help ? 0 : 2);
}
process.exitCode = (await runPromise(resolve(given))) ? 0 : 1;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: { readonly status?: string; readonly message?: string; readonly conditions?: readonly Condition[] };
}

async function runPromise(folder: string): Promise<boolean> {
  const root = await mkdtemp(join(tmpdir(), 'plinth-promise-'));
  const dataDir = join(root, 'data');
  try {
    await using platform = await startPlinth({ dataDir, keep: options.keep });
    offerImages(dataDir, folder);
    const own = new Set(await belongings(platform));
    const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    const requests = options.request.length > 0 ? options.request : files.filter((name) => /^(resource-request|example-resource|example-rr).*\.yaml$/.test(name));
    const others = files.filter((name) => name !== options.promise && !requests.includes(name) && !options.update.includes(name) && (name === 'prerequisites.yaml' || /promise.*\.yaml$/.test(name)));
    const before = others.toSorted((left, right) => Number(right === 'prerequisites.yaml') - Number(left === 'prerequisites.yaml'));
    for (const name of before) if (!(await apply(platform, folder, name))) return false;
    if (!(await apply(platform, folder, options.promise))) return false;
    const promises = await settle(platform, 'promises', ({ status }) => status?.status === 'Available');
    for (const promise of promises) console.log(`Promise ${promise.metadata.name}: ${promise.status?.status ?? 'no status'}`);
    let isGood = true;
    for (const name of requests) {
      if (!(await apply(platform, folder, name))) return false;
      const items = await settle(platform, `-f ${join(folder, name)}`, reconciled);
      for (const item of items) {
        isGood &&= reconciled(item);
        console.log(`${item.kind} ${item.metadata.name}: ${reconciled(item) ? 'Reconciled' : 'NOT Reconciled'}; message: ${item.status?.message ?? '-'}`);
      }
    }
    for (const name of options.update) if (!(await apply(platform, folder, name))) return false;
    for (const name of requests) isGood = (await runsAgain(platform, folder, name)) && isGood;
    await tellPods(platform);
    await tellFiles(platform, root);
    for (const name of [...requests, options.promise, ...before.toReversed()]) {
      const { stdout, stderr, exitCode } = await platform.kubectl(`delete -f ${join(folder, name)} --timeout=${options.timeout}s`, { mayFail: true });
      console.log(exitCode === 0 ? stdout.trim() : `delete: ${stderr.trim()}`);
      isGood &&= exitCode === 0;
    }
    const left = (await belongings(platform)).filter((name) => !own.has(name));
    console.log(left.length === 0 ? 'nothing is left behind' : `left behind: ${left.join(' ')}`);
    isGood &&= left.length === 0;
    if (options.keep) console.log(`kept: ${dataDir}`);
    return isGood;
  } finally {
    if (!options.keep) rmSync(root, { recursive: true, force: true });
  }
}

function offerImages(dataDir: string, folder: string): void {
  const images = options.image.map((text) => {
    const at = text.indexOf('=');
    const entry = text.slice(at + 1);
    const [, kind, path] = /^(dockerfile|files):(.*)$/s.exec(entry) ?? [];
    return [text.slice(0, at), kind && path ? { host: true, [kind]: resolve(folder, path) } : (JSON.parse(entry) as unknown)];
  });
  writeFileSync(join(dataDir, 'catalogue.json'), JSON.stringify({ images: Object.fromEntries(images) as unknown }, null, 2));
  mkdirSync(join(dataDir, 'bin'), { recursive: true });
  for (const tool of options.tool) {
    copyFileSync(tool, join(dataDir, 'bin', basename(tool)));
    chmodSync(join(dataDir, 'bin', basename(tool)), 0o755);
  }
}

async function apply(platform: RunningPlinth, folder: string, name: string): Promise<boolean> {
  // A request's kind is served a moment after its Promise was installed.
  for (const deadline = Date.now() + 10_000; ; await pause()) {
    const { exitCode, stdout, stderr } = await platform.kubectl(`apply -f ${join(folder, name)}`, { mayFail: true });
    if (exitCode === 0) console.log(stdout.trim());
    else if (/no matches for kind/.test(stderr) && Date.now() < deadline) continue;
    else console.log(`${name} is refused: ${stderr.trim()}`);
    return exitCode === 0;
  }
}

/** Names of what Promises are made of. */
async function belongings(platform: RunningPlinth): Promise<readonly string[]> {
  const { stdout } = await platform.kubectl('get promises,works,workplacements,jobs -A -o name -l kratix.io/promise-name');
  return stdout.split('\n').filter((name) => name !== '');
}

/** Runs the workflows of requests once more, as a person would ask for it. */
async function runsAgain(platform: RunningPlinth, folder: string, name: string): Promise<boolean> {
  const label = 'kratix.io/manual-reconciliation';
  const { exitCode, stderr } = await platform.kubectl(`label --overwrite -f ${join(folder, name)} ${label}=true`, { mayFail: true });
  if (exitCode !== 0) console.log(`label: ${stderr.trim()}`);
  const items = await settle(platform, `-f ${join(folder, name)}`, (item) => item.metadata.labels?.[label] === undefined && reconciled(item));
  for (const item of items) console.log(`${item.kind} ${item.metadata.name}, run again: ${reconciled(item) ? 'Reconciled' : 'NOT Reconciled'}; message: ${item.status?.message ?? '-'}`);
  return exitCode === 0 && items.every(reconciled);
}

function reconciled({ status }: Item): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Reconciled' && value === 'True') ?? false;
}

/** Waits until all are as they should be, as long as that may take. */
async function settle(platform: RunningPlinth, what: string, isDone: (item: Item) => boolean): Promise<readonly Item[]> {
  for (const deadline = Date.now() + Number(options.timeout) * 1000; ; await pause()) {
    const found = await platform.json<Item & { readonly items?: readonly Item[] }>(`get ${what}`);
    const items = found.items ?? [found];
    if (items.every(isDone) || Date.now() > deadline) return items;
  }
}

function pause(): Promise<void> {
  return new Promise((wake) => setTimeout(wake, 250));
}

async function tellPods(platform: RunningPlinth): Promise<void> {
  const { items } = await platform.json<{ items: readonly (Item & { readonly spec: { readonly initContainers?: readonly { readonly name: string; readonly image: string }[] } })[] }>('get pods -A -l app.kubernetes.io/managed-by=Kratix');
  for (const { metadata, spec } of items) {
    for (const { name, image } of spec.initContainers ?? []) {
      if (name === 'reader' || name === 'work-writer') continue;
      const log = await platform.kubectl(`logs -n ${metadata.namespace} ${metadata.name} -c ${name} --tail=4`, { mayFail: true });
      console.log(`  ${metadata.name} ${name} (${image})\n${(log.stdout || log.stderr).trimEnd().replaceAll(/^/gm, '    | ')}`);
    }
  }
  const events = await platform.json<{ items: readonly { readonly type: string; readonly reason: string; readonly message: string }[] }>('get events -A --field-selector type=Warning');
  for (const text of new Set(events.items.map(({ reason, message }) => `  ${reason}: ${message}`))) console.log(text);
}

async function tellFiles(platform: RunningPlinth, root: string): Promise<void> {
  const [store] = (await platform.json<{ items: readonly Item[] }>('get gitstatestores')).items;
  const clone = await run('git', ['-c', 'http.sslVerify=false', 'clone', '-q', String(store?.spec?.['url']), join(root, 'clone')]);
  if (clone.exitCode !== 0) return console.log(`  the state store cannot be cloned: ${clone.stderr.trim()}`);
  const { stdout } = await run('git', ['-C', join(root, 'clone'), 'ls-files']);
  console.log(stdout.trim().replaceAll(/^/gm, '  file '));
}
