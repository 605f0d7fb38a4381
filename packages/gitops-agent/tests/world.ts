import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gitRepositories, kustomizations, type Bucket, type GitRepository, type Kustomization } from '@plinth/api';
import { findCondition, silentLogger } from '@plinth/controller-runtime';
import { startGitServer, type GitServer } from '@plinth/git';
import { eventually, startControlPlane, tempDir, type ControlPlane } from '@plinth/testing';
import { gitopsManifests, startGitOpsAgent, type GitOpsAgentOptions } from '../src/index.ts';

const run = promisify(execFile);
const NAMESPACE = 'flux-system';

/** A cluster, a git server and a working copy, and the agent between them. */
export interface World extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly git: GitServer;
  /** Commits files (undefined: removes) and pushes, with stock git. Resolves with the commit when the push is acknowledged. */
  push(files: Readonly<Record<string, string | undefined>>): Promise<string>;
  startAgent(options?: Partial<GitOpsAgentOptions>): Promise<AsyncDisposable>;
  createSource(spec?: Partial<NonNullable<GitRepository['spec']>>): Promise<void>;
  createUnit(name: string, spec?: Partial<NonNullable<Kustomization['spec']>>): Promise<void>;
  unit(name: string): Promise<Kustomization>;
  source(): Promise<GitRepository>;
  /** Waits until the unit's Ready condition is as given for a revision, and returns the unit. */
  settled(name: string, commit: string, ready?: 'True' | 'False'): Promise<Kustomization>;
}

export const ready = (object: GitRepository | Bucket | Kustomization | undefined) => findCondition(object?.status?.conditions, 'Ready');

/** `listen`: the cluster takes connections, too, for stock kubectl. */
export async function world(options: { readonly listen?: boolean } = {}): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  const plane = undo.use(await startControlPlane({ listen: options.listen ?? false }));
  const git = undo.use(
    await startGitServer({
      dataDir: join(dir.path, 'repositories'),
      credentials: [{ username: 'writer', password: 'secret' }],
      repositories: [{ owner: 'gitea_admin', name: 'kratix', initialFiles: { 'README.md': 'hello\n' } }],
    }),
  );
  for (const object of gitopsManifests()) {
    const resource = await plane.client.resolve({ group: object.apiVersion.includes('/') ? object.apiVersion.split('/')[0]! : '', version: object.apiVersion.split('/').at(-1)!, kind: object.kind });
    await plane.client.create(resource!, object);
  }
  const url = `${git.url}/gitea_admin/kratix`;
  const copy = join(dir.path, 'copy');
  const env = { PATH: process.env['PATH'] ?? '', HOME: dir.path, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' };
  const command = async (...args: string[]): Promise<string> => (await run('git', ['-C', copy, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { env })).stdout.trim();
  await run('git', ['clone', '-q', url.replace('http://', 'http://writer:secret@'), copy], { env });

  const client = plane.clientFor({ name: 'system:serviceaccount:flux-system:kustomize-controller', groups: ['system:serviceaccounts', 'system:serviceaccounts:flux-system', 'system:authenticated'] });
  const unit = (name: string): Promise<Kustomization> => plane.client.get<Kustomization>(kustomizations, { namespace: NAMESPACE, name });
  const owned = undo.move();
  return {
    plane,
    git,
    push: async (files) => {
      for (const [path, content] of Object.entries(files)) {
        const file = join(copy, path);
        if (content === undefined) await rm(file, { recursive: true });
        else {
          await mkdir(dirname(file), { recursive: true });
          await writeFile(file, content);
        }
      }
      await command('add', '-A');
      await command('commit', '-q', '--allow-empty', '-m', 'change files');
      await command('push', '-q', 'origin', 'HEAD:main');
      return command('rev-parse', 'HEAD');
    },
    startAgent: async (agentOptions = {}) => {
      const agent = await startGitOpsAgent({ client, dataDir: join(dir.path, 'agent'), signal: new AbortController().signal, log: silentLogger, ...agentOptions });
      return owned.use(agent);
    },
    createSource: async (spec = {}) => {
      await plane.client.create<GitRepository>(gitRepositories, {
        apiVersion: 'source.toolkit.fluxcd.io/v1',
        kind: 'GitRepository',
        metadata: { name: 'kratix', namespace: NAMESPACE },
        spec: { url, interval: '10m', ref: { branch: 'main' }, ...spec },
      });
    },
    createUnit: async (name, spec = {}) => {
      await plane.client.create<Kustomization>(kustomizations, {
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        kind: 'Kustomization',
        metadata: { name, namespace: NAMESPACE },
        spec: { interval: '10m', prune: true, path: './', sourceRef: { kind: 'GitRepository', name: 'kratix' }, ...spec },
      });
    },
    unit,
    source: () => plane.client.get<GitRepository>(gitRepositories, { namespace: NAMESPACE, name: 'kratix' }),
    settled: (name, commit, want = 'True') =>
      eventually(async () => {
        const now = await unit(name);
        const condition = ready(now);
        if (now.status?.lastAttemptedRevision !== `main@sha1:${commit}` || condition?.status !== want) {
          throw new Error(`not yet: wanted ${want} at ${commit}, last seen ${JSON.stringify(now.status)}`);
        }
        return now;
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export const configMap = (name: string, data: Readonly<Record<string, string>>, extra = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: default\n${extra}data: ${JSON.stringify(data)}\n`;
