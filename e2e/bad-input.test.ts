import { writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadKubeconfig } from '@plinth/client/node';
import { eventually } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningPlinth, startPlinth } from './_util/plinth.ts';
import { request } from './_util/request.ts';

let plinth: RunningPlinth;
beforeAll(async () => {
  plinth = await startPlinth();
  const steps = ['throws', 'hangs', 'escapes', 'not-yaml'];
  const images: Record<string, object> = Object.fromEntries(steps.map((step) => [`plinth-test/${step}:v1`, { step: fileURLToPath(new URL(`./_util/steps/${step}.ts`, import.meta.url)) }]));
  images['plinth-test/links:v1'] = { host: true };
  await writeFile(join(plinth.dataDir, 'catalogue.json'), JSON.stringify({ images }));
}, 60_000);
afterAll(() => plinth?.[Symbol.asyncDispose]());

const apply = (stdin: string, flags = '') => plinth.kubectl(`apply ${flags} -f -`, { stdin, mayFail: true });

describe('a request that is refused', () => {
  it.each([
    ['an unknown env', request('bad', { env: 'staging' }), 'spec.env: Unsupported value: "staging": supported values: "dev", "prod"'],
    ['a wrong type', request('bad', { dbName: 7 }), 'spec.dbName: Invalid value: "integer": spec.dbName in body must be of type string: "integer"'],
    ['a name that is too long', request('x'.repeat(64)), 'metadata.name: Too long: may not be more than'],
    ['an unknown field', request('bad', { colour: 'blue' }), 'strict decoding error: unknown field "spec.colour"'],
    ['a name that makes no Kubernetes name', request('bad', { teamId: 'Team_A' }), 'spec.teamId'],
  ])('because of %s', async (_, document, message) => {
    const result = await apply(document);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(message);
    expect((await plinth.kubectl('get postgresqls')).stdout).toBe('');
  });
});

describe('a Promise that is refused', () => {
  it('because its API is no valid CRD', async () => {
    const result = await apply(JSON.stringify(promise('broken', { api: { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'wrong.example.org' }, spec: { group: 'example.org', names: { kind: 'Thing', plural: 'things' }, scope: 'Namespaced', versions: [] } } })));
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/spec\.api/);
    expect((await plinth.kubectl('get promise broken', { mayFail: true })).exitCode).toBe(1);
  });

  it('because its pipeline cannot be decoded', async () => {
    const result = await apply(JSON.stringify(promise('broken', { workflows: { resource: { configure: [{ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Pipeline', metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'x', workingDir: '/' }] } }] } } })));
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/workingDir/);
  });
});

describe('a workflow that fails', () => {
  it.each([
    ['throws', 'author', 'the step throws on purpose'],
    ['hangs', 'author', 'did not come to an end within 2 seconds'],
    ['escapes', 'author', '../'],
    ['links', 'work-writer', 'link'],
    ['not-yaml', 'work-writer', 'output file broken.yaml is not valid YAML'],
    ['no-such-image', 'author', 'no-such-image'],
  ])('because its step %s says so, and holds up nobody', async (step, container, cause) => {
    const image = step === 'no-such-image' ? 'example.org/no-such-image:v1' : `plinth-test/${step}:v1`;
    const name = `fails-${step}`;
    await plinth.kubectl('apply -f -', { stdin: JSON.stringify(promise(name, { workflows: workflow(image) })) });
    await plinth.kubectl(`wait --for=condition=Available promise/${name} --timeout=20s`);
    await plinth.kubectl('apply -f -', { stdin: JSON.stringify({ apiVersion: 'test.plinth.dev/v1', kind: kindOf(name), metadata: { name: 'one', namespace: 'default' }, spec: {} }) });
    await plinth.kubectl('apply -f -', { stdin: request(`beside-${step}`) });
    await eventually(async () => (await plinth.kubectl(`get postgresql beside-${step}`)).stdout.includes('deployed successfully'), { timeoutMs: 20_000, intervalMs: 100 });
    await eventually(
      async () => {
        const described = (await plinth.kubectl(`describe ${kindOf(name).toLowerCase()}.test.plinth.dev one`)).stdout;
        expect(described).toContain('ConfigureWorkflowFailed');
        expect(described).toMatch(/pipeline.*configure/i);
        expect(described).toMatch(new RegExp(`Warning\\s+ConfigureWorkflowFailed.*configure: container ${container}: .*${cause.replaceAll('.', '\\.')}`));
        return true;
      },
      { timeoutMs: 30_000, intervalMs: 200 },
    );
  }, 60_000);
});

describe('hostile bodies', () => {
  it.each<[string, () => { body: Buffer; length?: number; type?: string }]>([
    ['a billion laughs', () => ({ body: Buffer.from(billionLaughs()), type: 'application/yaml' })],
    ['100 MB', () => ({ body: Buffer.alloc(4 * 1024 * 1024, 0x20), length: 100 * 1024 * 1024 })],
    ['deep nesting', () => ({ body: Buffer.from(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":${'['.repeat(200_000)}${']'.repeat(200_000)}}`) })],
    ['a truncated document', () => ({ body: Buffer.from('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"na') })],
  ])('get a 4xx within a second: %s', async (_, make) => {
    const { body, length, type = 'application/json' } = make();
    const started = performance.now();
    const status = await post(body, length ?? body.length, type);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(Math.floor(status / 100)).toBe(4);
    expect((await plinth.kubectl('get namespaces')).stdout).toContain('default');
  });
});

async function post(body: Buffer, length: number, type: string): Promise<number> {
  const config = await loadKubeconfig(plinth.kubeconfig, 'platform');
  return new Promise((resolve, reject) => {
    const call = httpsRequest(`${config.server}/api/v1/namespaces/default/configmaps`, {
      method: 'POST',
      ...(config.ca ? { ca: config.ca } : {}),
      ...(config.clientCert ? { cert: config.clientCert } : {}),
      ...(config.clientKey ? { key: config.clientKey } : {}),
      headers: { 'content-type': type, 'content-length': length },
    });
    call.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
      call.destroy();
    });
    call.on('error', reject);
    call.write(body);
    if (length === body.length) call.end();
  });
}

function billionLaughs(): string {
  const lines = ['a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
  for (let i = 1; i < 10; i++) lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: laughs}\n${lines.join('\n')}\n`;
}

/** What the images that are commands of this machine run. */
const commands: Readonly<Record<string, readonly string[]>> = { 'plinth-test/links:v1': ['sh', '-c', 'ln -s /etc/passwd /kratix/output/passwd.yaml'] };

const kindOf = (name: string): string => name.split('-').map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');

function workflow(image: string): object {
  return {
    resource: {
      configure: [
        {
          apiVersion: 'platform.kratix.io/v1alpha1',
          kind: 'Pipeline',
          metadata: { name: 'configure' },
          spec: { jobOptions: { backoffLimit: 0, activeDeadlineSeconds: 2 }, restartPolicy: 'Never', containers: [{ name: 'author', image, ...(commands[image] ? { command: commands[image] } : {}) }] },
        },
      ],
    },
  };
}

function promise(name: string, spec: Readonly<Record<string, unknown>>): object {
  const kind = kindOf(name);
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'platform.kratix.io/v1alpha1',
    kind: 'Promise',
    metadata: { name },
    spec: {
      api: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `${plural}.test.plinth.dev` },
        spec: {
          group: 'test.plinth.dev',
          scope: 'Namespaced',
          names: { kind, plural, singular: kind.toLowerCase() },
          versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: {} } } } } }],
        },
      },
      ...spec,
    },
  };
}
