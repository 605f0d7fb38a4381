import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plinth, type RunningPlinth, startPlinth } from './_util/plinth.ts';

/**
 * Every link between a request and its service is broken once. Each time the request's MESSAGE and `plinth why` name the
 * break in one sentence; mended, the request is ready and shows what its author has to say again.
 */
let running: RunningPlinth;
let destination: Record<string, unknown>;
const AUTHORS = (name: string): string => `site ${name} is built`;

beforeAll(async () => {
  running = await startPlinth();
  const step = join(import.meta.dirname, '_util/steps/site.ts');
  await writeFile(join(running.dataDir, 'catalogue.json'), JSON.stringify({ images: { 'example.org/site:v1': { step }, 'example.org/tools:v1': { host: true } } }));
  await apply(promise());
  await running.kubectl('wait promise/site --for=condition=Available --timeout=20s');
  const { apiVersion, kind, metadata, spec } = await running.json<{ apiVersion: string; kind: string; metadata: { name: string; labels: object }; spec: object }>('get destination worker-cluster');
  destination = { apiVersion, kind, metadata: { name: metadata.name, labels: metadata.labels }, spec };
}, 60_000);
afterAll(() => running?.[Symbol.asyncDispose](), 30_000);

describe('the platform', () => {
  it('names a Promise that is required and missing', async () => {
    await ask('required');
    await isReady('required');
    await running.kubectl(`patch promise site --type merge -p '{"spec":{"requiredPromises":[{"name":"land"}]}}'`);
    await says('required', 'Promise site requires Promise land, which is not installed; install it');
    expect(await messageOf('promise', 'site')).toBe('Promise site requires Promise land, which is not installed; install it');
    await running.kubectl(`patch promise site --type merge -p '{"spec":{"requiredPromises":null}}'`);
    await isReady('required');
    await running.kubectl('wait promise/site --for=condition=Available --timeout=20s');
  }, 40_000);

  it('names a version that does not exist', async () => {
    await ask('bound');
    await isReady('bound');
    const name = (await running.kubectl('get resourcebindings -l kratix.io/resource-name=bound -o name')).stdout.trim();
    await running.kubectl(`patch ${name} --type merge -p '{"spec":{"version":"v9"}}'`);
    await says('bound', /^ResourceBinding bound-site-\w+ asks for version v9 of Promise site, but there is v1: set its spec\.version to latest or to one that is there$/);
    await running.kubectl(`patch ${name} --type merge -p '{"spec":{"version":"latest"}}'`);
    await isReady('bound');
  }, 40_000);

  it('names a request that is paused', async () => {
    await ask('paused');
    await isReady('paused');
    await running.kubectl('label site paused kratix.io/paused=true');
    await says('paused', 'site default/paused is paused by the label kratix.io/paused; remove the label');
    await running.kubectl('label site paused kratix.io/paused-');
    await isReady('paused');
  }, 40_000);

  it('names a pipeline that failed: container, last words and exit code', async () => {
    await ask('flooded', { problem: 'fails' });
    const why = await says('flooded', 'pipeline build failed: container plan: Error: the plot of flooded is flooded (exit code 1); correct it, or run it again with the label kratix.io/manual-reconciliation=true');
    expect(why).toContain('✗ pipeline');
    await ask('flooded');
    await isReady('flooded');
  }, 40_000);

  it('names a pipeline that hangs', async () => {
    await ask('waits', { problem: 'hangs' });
    await says('waits', 'pipeline build hangs: container plan did not come to an end within 4 seconds and was stopped; see what it waits for, or raise spec.jobOptions.activeDeadlineSeconds');
    await ask('waits');
    await isReady('waits');
  }, 60_000);

  it('names an image that cannot be pulled', async () => {
    await apply(promise({ image: 'example.org/typo:v1' }));
    await ask('typo');
    await says('typo', 'pipeline build cannot start: the image example.org/typo:v1 of container plan cannot be pulled; correct the name, or provide the image (docs/reference/catalogue.md)');
    await apply(promise());
    await isReady('typo');
  }, 40_000);

  it('names the labels that no Destination has', async () => {
    await apply(promise({ environment: 'prod' }));
    await ask('nowhere');
    await says('nowhere', 'no Destination has the labels environment=prod: platform-cluster has environment=platform and worker-cluster has environment=dev; label one of them so, or change the selectors');
    await apply(promise());
    await isReady('nowhere');
  }, 40_000);

  it('names a state store that is away, and one that refuses the credentials', async () => {
    const { spec } = await running.json<{ spec: { url: string } }>('get gitstatestore default');
    const away = spec.url.replace(/:\d+\//, ':1/');
    await running.kubectl(`patch gitstatestore default --type merge -p '{"spec":{"url":"${away}"}}'`);
    await ask('stored');
    await says('stored', new RegExp(`^GitStateStore default cannot be reached: .*; see whether the server at ${away} runs$`));
    const secret = '-n kratix-platform-system secret gitea-credentials';
    const { data } = await running.json<{ data: { password: string } }>(`get ${secret}`);
    await running.kubectl(`patch ${secret} --type merge -p '{"stringData":{"password":"wrong"}}'`);
    await running.kubectl(`patch gitstatestore default --type merge -p '{"spec":{"url":"${spec.url}"}}'`);
    await says('stored', /^GitStateStore default refuses the credentials: .*; correct Secret kratix-platform-system\/gitea-credentials$/);
    await running.kubectl(`patch ${secret} --type merge -p '{"data":{"password":"${data.password}"}}'`);
    await running.kubectl(`annotate gitstatestore default looked-at=again`);
    await isReady('stored', 60_000);
  }, 120_000);

  it('names a Destination that lost its label, and one that is gone', async () => {
    await ask('lost');
    await isReady('lost');
    await running.kubectl('label destination worker-cluster --overwrite environment=prod');
    await says('lost', /^Destination worker-cluster no longer has the labels environment=dev: the files are misplaced there; label it \(kubectl label destination worker-cluster --overwrite environment=dev\), or delete WorkPlacement site-lost-build-\S+ to move them$/);
    await running.kubectl('label destination worker-cluster --overwrite environment=dev');
    await isReady('lost');
    await running.kubectl('delete destination worker-cluster');
    await says('lost', /^Destination worker-cluster is gone, and site-lost-build-\S+ stands there; create it again, or delete WorkPlacement site-lost-build-\S+ to choose another$/);
    await apply(destination);
    await isReady('lost', 60_000);
  }, 120_000);
});

describe('the destination', () => {
  it('names a commit that is not fetched', async () => {
    const { spec } = await running.json<{ spec: { url: string } }>('--context worker -n flux-system get gitrepository kratix');
    await running.kubectl(`--context worker -n flux-system patch gitrepository kratix --type merge -p '{"spec":{"url":"${spec.url.replace(/:\d+\//, ':1/')}"}}'`);
    await ask('distant');
    await says('distant', /^the agent of Destination worker-cluster cannot fetch from the state store \(GitRepository kratix\): .*; see whether the server runs and the address and credentials are right$/);
    await running.kubectl(`--context worker -n flux-system patch gitrepository kratix --type merge -p '{"spec":{"url":"${spec.url}"}}'`);
    await isReady('distant', 60_000);
  }, 90_000);

  it('names an object that is refused, and its field', async () => {
    await ask('refused', { pods: true, replicas: 'many' });
    await says('refused', /^Destination worker-cluster refused Deployment default\/site-refused: .*replicas.*; correct what the pipeline writes$/);
    await ask('refused');
    await isReady('refused', 60_000);
    await ask('refused', { namespace: 'moon' });
    await says('refused', 'Destination worker-cluster refused ConfigMap moon/site-refused: namespaces "moon" not found; create the namespace moon there, or ask for another');
    await running.kubectl('--context worker create namespace moon');
    await isReady('refused', 60_000);
  }, 120_000);

  it('names a pod that does not start', async () => {
    await ask('dark', { pods: true, image: 'example.org/lamp:v0' });
    await says('dark', /^Deployment default\/site-dark does not start: .*(?:ImagePull|image).*; correct the name of the image, or provide it there$/);
    await ask('dark', { pods: true });
    await isReady('dark', 60_000);
  }, 90_000);

  it('names a container that crashes, and a service that is unhealthy', async () => {
    await ask('falling', { pods: true, command: ['sh', '-c', 'exit 3'] });
    await says('falling', /^Deployment default\/site-falling crashes: .*; see the log of that container on the destination$/);
    await ask('falling', { pods: true });
    await isReady('falling', 60_000);
    const record = (state: string) => ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'HealthRecord', metadata: { name: 'falling', namespace: 'default' }, data: { promiseRef: { name: 'site' }, resourceRef: { name: 'falling', namespace: 'default' }, state, lastRun: Math.floor(Date.now() / 1000), details: { message: 'GET / answers 502' } } });
    await apply(record('unhealthy'));
    await says('falling', 'the service is unhealthy: GET / answers 502 (HealthRecord default/falling); see what runs on the destination');
    await apply(record('ready'));
    await isReady('falling', 60_000);
  }, 120_000);

  it('names a destination that is silent, and answers while it is', async () => {
    await ask('quiet');
    await isReady('quiet', 60_000);
    const { units } = JSON.parse((await plinth(['status', '--output', 'json', '--data-dir', running.dataDir])).stdout) as { units: { unit: string; pid: number }[] };
    const { pid } = units.find(({ unit }) => unit === 'worker')!;
    process.kill(pid, 'SIGSTOP');
    try {
      await says('quiet', /^no report from Destination worker-cluster since \d{4}-\d\d-\d\dT[\d:]+Z; see whether its cluster and its agent run$/, 90_000);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await isReady('quiet', 60_000);
  }, 180_000);
});

/** The MESSAGE, and the first line of `plinth why`, whose whole output comes back. */
async function says(name: string, sentence: string | RegExp, timeoutMs = 20_000): Promise<string> {
  const expected = sentence instanceof RegExp ? expect.stringMatching(sentence) : sentence;
  await eventually(async () => expect(await messageOf('site', name)).toEqual(expected), { timeoutMs, intervalMs: 100 });
  const { stdout, exitCode, stderr } = await plinth(['why', `site/${name}`, '--data-dir', running.dataDir]);
  expect(stdout.split('\n')[0], stderr).toEqual(expected);
  expect(exitCode).toBe(1);
  return stdout;
}

/** It works, says so, and its message is the author's. */
async function isReady(name: string, timeoutMs = 20_000): Promise<void> {
  await eventually(
    async () => {
      const { status } = await running.json<{ status?: { message?: string; conditions?: { type: string; status: string }[] } }>(`get site ${name}`);
      expect(status?.message).toBe(AUTHORS(name));
      for (const type of ['Reconciled', 'Ready']) expect(status?.conditions).toContainEqual(expect.objectContaining({ type, status: 'True' }));
    },
    { timeoutMs, intervalMs: 100 },
  );
  const { exitCode, stdout } = await plinth(['why', 'site', name, '-n', 'default', '--data-dir', running.dataDir]);
  expect(stdout.split('\n')[0]).toBe(`site default/${name} is ready: ${AUTHORS(name)}`);
  expect(exitCode).toBe(0);
}

async function messageOf(kind: string, name: string): Promise<string> {
  const { status } = await running.json<{ status?: { message?: string } }>(`get ${kind} ${name}`);
  return status?.message ?? '';
}

async function apply(object: object): Promise<void> {
  await running.kubectl('apply --server-side --force-conflicts -f -', { stdin: JSON.stringify(object) });
}

const ask = (name: string, spec: object = {}): Promise<void> => apply({ apiVersion: 'example.org/v1', kind: 'site', metadata: { name, namespace: 'default' }, spec });

function promise({ image = 'example.org/site:v1', environment = 'dev' } = {}): object {
  return {
    apiVersion: 'platform.kratix.io/v1alpha1',
    kind: 'Promise',
    metadata: { name: 'site', labels: { 'kratix.io/promise-version': 'v1' } },
    spec: {
      destinationSelectors: [{ matchLabels: { environment } }],
      api: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'sites.example.org' },
        spec: {
          group: 'example.org',
          scope: 'Namespaced',
          names: { plural: 'sites', singular: 'site', kind: 'site' },
          versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } } } }],
        },
      },
      workflows: {
        resource: {
          configure: [{ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Pipeline', metadata: { name: 'build' }, spec: { jobOptions: { activeDeadlineSeconds: 4, backoffLimit: 0 }, containers: [{ name: 'plan', image }] } }],
        },
      },
    },
  };
}
