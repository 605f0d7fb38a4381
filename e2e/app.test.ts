import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, findChromium } from '@plinth/testing';
import { chromium } from 'playwright-core';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectToDatabase } from './_util/database.ts';
import { run, startPlinth, type RunningPlinth } from './_util/plinth.ts';
import { ask, poll } from './_util/poll-url.ts';

/** A whole application from one request, changed under load by its platform team, and gone again. */
let plinth: RunningPlinth;
let url: string;
const names = ['todo', 'notes'] as const;
const secretOf = (name: string): string => `acid.acid-${name}-db-postgresql.credentials.postgresql.acid.zalan.do`;

const appRequest = (name: string): string =>
  JSON.stringify({ apiVersion: 'marketplace.kratix.io/v1', kind: 'App', metadata: { name, namespace: 'default' }, spec: { name, image: 'plinth/todo:v1', dbDriver: 'postgresql', service: { port: 8080 } } });

beforeAll(async () => {
  plinth = await startPlinth();
  url = `http://todo.default.localhost:${plinth.ports.ingress}`;
}, 60_000);
afterAll(() => plinth?.[Symbol.asyncDispose](), 30_000);

describe('a request for an application', () => {
  it('gives a URL in its status that answers, with a database behind it', async () => {
    for (const name of names) await plinth.kubectl('apply -f -', { stdin: appRequest(name) });
    await plinth.kubectl('wait --for=condition=Ready app/todo app/notes --timeout=40s');
    expect((await plinth.kubectl('get app todo -o jsonpath={.status.url}{.status.message}')).stdout).toBe(`${url}todo answers at ${url}`);
    // What is said to be ready answers the first time that it is asked.
    for (const name of names) expect(await ask(`${url.replace('todo', name)}/healthz`)).toEqual({ status: 200, body: '{"status":"ok"}\n' });
    for (const name of names) expect((await ask(`${url.replace('todo', name)}/api/todos`, { method: 'POST', json: { title: `first of ${name}` } })).status).toBe(201);
    // As a person would: curl knows what *.localhost is.
    const curl = await run('curl', ['-sS', '--max-time', '10', `${url}/api/todos`]);
    expect([curl.exitCode, curl.stderr, JSON.parse(curl.stdout)]).toEqual([0, '', [{ id: 1, title: 'first of todo', done: false }]]);
    const database = await connectToDatabase(plinth, { name: 'acid-todo-db-postgresql', user: 'acid', database: 'app' });
    expect((await database.query('SELECT title FROM todos')).rows).toEqual([{ title: 'first of todo' }]);
    await database.end();
  }, 60_000);

  it('asks for the database exactly as a user would, with the rights to do that and no more', async () => {
    const database = await plinth.json<{ spec: object; metadata: { labels: Record<string, string> } }>('get postgresqls.marketplace.kratix.io todo-db');
    expect(database.spec).toEqual({ env: 'dev', teamId: 'acid', dbName: 'app', namespace: 'default' });
    expect(database.metadata.labels).toMatchObject({ 'kratix.io/parent-resource-name': 'todo' });
    const may = async (verb: string, what: string): Promise<string> => (await plinth.kubectl(`auth can-i ${verb} ${what} --as system:serviceaccount:flux-system:plinth-requester`, { mayFail: true })).stdout.trim();
    expect(await Promise.all([may('create', 'apps.marketplace.kratix.io'), may('create', 'promises.platform.kratix.io'), may('get', 'secrets'), may('patch', 'apps.marketplace.kratix.io --subresource=status')])).toEqual(['yes', 'no', 'no', 'no']);
  });

  it('keeps the password out of the state store, of the requests, and of the logs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plinth-clone-'));
    try {
      const { data } = await plinth.json<{ data: { password: string } }>(`--context worker get secret ${secretOf('todo')}`);
      const password = Buffer.from(data.password, 'base64').toString();
      await run('git', ['clone', '-q', `http://localhost:${plinth.ports.git}/gitea_admin/kratix`, folder]);
      const { stdout: history } = await run('git', ['-C', folder, 'log', '-p', '--all']);
      expect(history).toContain('secretKeyRef');
      for (const text of [history, (await plinth.kubectl('get apps,postgresqls.marketplace.kratix.io,works,workplacements -o yaml')).stdout, (await plinth.kubectl('--context worker logs -l app.kubernetes.io/name=todo')).stdout]) {
        expect(text.length).toBeGreaterThan(20);
        expect(text.includes(password) || text.includes(data.password)).toBe(false);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('shows a page that people use in a browser', async (context) => {
    const executablePath = await findChromium();
    if (!executablePath) return context.skip('no Chromium on this machine; the application was not looked at in a browser');
    const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
    try {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('requestfailed', (request) => complaints.push(request.url()));
      await page.goto(url);
      await page.getByLabel('What is to be done?').fill('by <hand>');
      await page.keyboard.press('Enter');
      await page.getByRole('checkbox', { name: 'by <hand>' }).click();
      await page.getByRole('checkbox', { name: 'by <hand>', checked: true }).waitFor();
      await page.getByRole('button', { name: 'Delete by <hand>' }).click();
      await page.getByText('1 of 1 to do.').waitFor();
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 40_000);
});

describe('the platform team', () => {
  it('adds a field, a step and copies for all applications, and not one request fails', async () => {
    await using todo = poll(`${url}/api/todos`, { url: `${url}/api/todos/1`, json: { done: true } });
    const others = url.replace('todo', 'notes');
    await using notes = poll(`${others}/`, { url: `${others}/api/todos/1`, json: { done: false } });
    const step = fileURLToPath(new URL('./_util/steps/app-env.ts', import.meta.url));
    await writeFile(join(plinth.dataDir, 'catalogue.json'), JSON.stringify({ images: { 'example.org/app-env:v1': { step } } }));
    await plinth.kubectl('apply --server-side --force-conflicts -f -', { stdin: JSON.stringify(await editedPromise(plinth.ports.ingress)) });
    await plinth.kubectl('wait --for=jsonpath={.status.version}=v1.1.0 promise/app --timeout=20s');
    for (const name of names) await plinth.kubectl(`--context worker wait --for=jsonpath={.status.readyReplicas}=3 deployment/${name} --timeout=30s`);
    await plinth.kubectl('wait --for=condition=Available promise/app --timeout=20s');

    await plinth.kubectl(`patch app todo --type=merge -p {"spec":{"env":{"TITLE":"Shopping"}}}`);
    await eventually(async () => expect((await ask(url)).body).toContain('<h1>Shopping</h1>'), { timeoutMs: 30_000, intervalMs: 50 });
    await plinth.kubectl('--context worker rollout status deployment/todo --timeout=40s');
    // Until the last of the old copies is gone, too.
    await eventually(async () => expect((await plinth.json<{ items: object[] }>('--context worker get pods -l kratix.io/promise-name=app')).items).toHaveLength(6), { timeoutMs: 20_000, intervalMs: 100 });
    expect((await ask(others)).body).toContain('<h1>To do</h1>');
    expect([...todo.failures, ...notes.failures]).toEqual([]);
    expect(Math.min(todo.asked, notes.asked)).toBeGreaterThan(50);
  }, 120_000);

  it('is told what makes no sense', async () => {
    const changed = await plinth.kubectl(`patch app todo --type=merge -p {"spec":{"dbDriver":"none"}}`, { mayFail: true });
    expect(changed.stderr).toContain('dbDriver cannot be changed once there is a database, whose data would be lost');
  });
});

describe('deleting the request', () => {
  it('removes all of it, the database too', async () => {
    await plinth.kubectl('delete app todo notes --timeout=30s');
    const gone = async (context: string, kinds: string): Promise<void> => expect((await plinth.kubectl(`--context ${context} get ${kinds} -A -l kratix.io/promise-name!=none -o name`)).stdout).toBe('');
    await eventually(() => gone('platform', 'apps,postgresqls.marketplace.kratix.io'), { timeoutMs: 20_000, intervalMs: 100 });
    await eventually(() => gone('worker', 'postgresqls.acid.zalan.do,ingresses,statefulsets,pvc'), { timeoutMs: 20_000, intervalMs: 100 });
    await eventually(async () => expect((await plinth.kubectl('--context worker get deployments,pods,services,secrets -n default -o name')).stdout.split('\n').filter((line) => /todo|notes/.test(line))).toEqual([]), { timeoutMs: 20_000, intervalMs: 100 });
    await eventually(async () => expect(await ask(url)).toMatchObject({ status: 404, body: '404: no Ingress of this cluster has todo.default.localhost/\n' }), { timeoutMs: 5000 });
    const page = await fetch(`http://localhost:${plinth.ports.git}/gitea_admin/kratix/src/branch/main/platform-cluster/resources`);
    expect(await page.text()).not.toContain('todo');
    // What Promises said about their works is gone with them.
    const works = await plinth.json<{ items: { spec: { resourceName?: string } }[] }>('get works,workplacements -A');
    expect(works.items.filter(({ spec }) => spec.resourceName)).toEqual([]);
  }, 60_000);
});

describe('deleting the Promise', () => {
  it('takes its applications and their databases along, and leaves the other Promise', async () => {
    await plinth.kubectl('apply -f -', { stdin: appRequest('last') });
    await plinth.kubectl('wait --for=condition=Ready app/last --timeout=40s');
    await plinth.kubectl('delete promise app --timeout=40s');
    await eventually(async () => expect((await plinth.kubectl('get postgresqls.marketplace.kratix.io -o name')).stdout).toBe(''), { timeoutMs: 20_000, intervalMs: 100 });
    await eventually(async () => expect((await plinth.kubectl('--context worker get postgresqls.acid.zalan.do,ingresses,deployments -n default -o name')).stdout).toBe('deployment.apps/postgres-operator\n'), { timeoutMs: 20_000, intervalMs: 100 });
    expect((await plinth.kubectl('get promises,crd,clusterroles,clusterrolebindings,serviceaccounts -A -o name')).stdout.split('\n').filter((line) => /\/app[.-]|\/app$|apps\.marketplace/.test(line))).toEqual([]);
    await plinth.kubectl('wait --for=condition=Available promise/postgresql --timeout=5s');
  }, 90_000);
});

interface PromiseFile {
  metadata: { labels: Record<string, string> };
  spec: {
    workflows: { resource: { configure: { spec: { containers: { name: string; image: string; env?: { name: string; value: string }[] }[] } }[] } };
    api: { spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, object> } } } } }[] } };
  };
}

/** promise.yaml with an optional `env`, a step for it, and three copies of every application. */
async function editedPromise(ingressPort: number): Promise<PromiseFile> {
  const promise = parse(await readFile(new URL('../promises/app/promise.yaml', import.meta.url), 'utf8')) as PromiseFile;
  promise.metadata.labels['kratix.io/promise-version'] = 'v1.1.0';
  const { containers } = promise.spec.workflows.resource.configure[0]!.spec;
  for (const variable of containers.flatMap(({ env }) => env ?? [])) {
    if (variable.name === 'REPLICAS') variable.value = '3';
    if (variable.name === 'INGRESS_PORT') variable.value = String(ingressPort);
  }
  containers.push({ name: 'env', image: 'example.org/app-env:v1' });
  promise.spec.api.spec.versions[0]!.schema.openAPIV3Schema.properties.spec.properties['env'] = { description: 'Variables of the application.', type: 'object', additionalProperties: { type: 'string', maxLength: 1024 }, maxProperties: 50 };
  return promise;
}
