import { join } from 'node:path';
import { eventually } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, startPlinth, type RunningPlinth } from './_util/plinth.ts';

/** What the Promises that ship would change, shown on the whole platform before anybody asks for it; and what that costs. */
let plinth: RunningPlinth;

const manifest = (kind: string, metadata: object, spec: object): string => `${JSON.stringify({ apiVersion: 'platform.kratix.io/v1alpha1', kind, metadata, spec })}\n`;
const dryRun = (name: string, promise: string, resource: object): string =>
  manifest('DryRun', { name, namespace: 'default' }, { promiseRef: { name: promise }, resourceRequestRef: { name: 'example' }, resource });
const store = async (...args: readonly string[]): Promise<string> => (await run('git', ['-C', join(plinth.dataDir, 'git', 'repositories', 'gitea_admin', 'kratix.git'), ...args])).stdout;
const files = async (folder: string): Promise<readonly string[]> => (await store('ls-tree', '-r', '--name-only', 'main', folder)).split('\n').filter(Boolean);
const summaryOf = async (name: string): Promise<string> => store('show', `main:${(await files('rehearsal')).find((path) => path.endsWith('/kratix-dry-run-summary.md') && path.includes(name))}`);

beforeAll(async () => {
  plinth = await startPlinth();
  const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kratix', namespace: 'kratix-platform-system' }, data: { config: 'featureFlags:\n  dryRun: true\n' } };
  await plinth.kubectl('apply -f -', { stdin: JSON.stringify(settings) });
  await plinth.kubectl('apply -f -', { stdin: manifest('Destination', { name: 'rehearsal', labels: { 'kratix.io/dry-run': 'true' } }, { path: 'rehearsal', stateStoreRef: { kind: 'GitStateStore', name: 'default' } }) });
}, 60_000);
afterAll(() => plinth?.[Symbol.asyncDispose](), 30_000);

describe('a dry run', () => {
  it('shows what a change of a database would change, and leaves the database alone', async () => {
    const request = { apiVersion: 'marketplace.kratix.io/v1alpha2', kind: 'postgresql', metadata: { name: 'example', namespace: 'default' }, spec: { env: 'dev', teamId: 'acid', dbName: 'bestdb' } };
    await plinth.kubectl('apply -f -', { stdin: JSON.stringify(request) });
    await plinth.kubectl('wait postgresql.marketplace.kratix.io/example --for=condition=Ready --timeout=40s');
    const before = await files('worker-cluster');
    await plinth.kubectl('apply -f -', { stdin: dryRun('grow', 'postgresql', { ...request.spec, env: 'prod' }) });
    await plinth.kubectl('wait dryrun/grow --for=condition=Completed --timeout=20s');
    const summary = await summaryOf('grow');
    expect(summary).toContain('Promise `postgresql`, request `default/example` (exists): 0 added, 1 modified, 0 removed.');
    expect(summary).toMatch(/^-.*numberOfInstances: 1\n\+.*numberOfInstances: \d/m);
    expect(await files('worker-cluster')).toEqual(before);
    expect((await plinth.kubectl('get postgresql.marketplace.kratix.io example -o jsonpath={.metadata.generation}')).stdout).toBe('1');
  }, 90_000);

  it('shows an application with its database, and is gone with everything when it is deleted', async () => {
    await plinth.kubectl('apply -f -', { stdin: dryRun('shop', 'app', { name: 'shop', image: 'plinth/todo:v1', dbDriver: 'postgresql', service: { port: 8080 } }) });
    await plinth.kubectl('wait dryrun/shop --for=condition=ComponentsSucceeded --timeout=20s');
    const summary = await summaryOf('shop');
    expect(summary).toContain('## Component: postgresql default/example-db');
    expect(summary).toContain('kind: Deployment');
    await plinth.kubectl('delete dryruns --all --timeout=20s');
    await eventually(async () => expect((await files('rehearsal')).filter((path) => !path.includes('/kratix-canary-'))).toEqual([]));
    expect((await plinth.json<{ items: readonly unknown[] }>('get works -n default')).items).toHaveLength(1);
  }, 60_000);
});

describe('the metrics of the platform', () => {
  it('tell what all of this cost', async () => {
    const { stdout } = await plinth.kubectl('get --raw /metrics');
    expect(stdout).toMatch(/^controller_runtime_reconcile_total\{controller="request:postgresql",result="success"\} \d+$/m);
    expect(stdout).toMatch(/^plinth_api_requests_total\{verb="create",resource="workplacements",subresource="",code="201"\} \d+$/m);
  });
});
