import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runKubectl, type KubectlOptions, type KubectlResult } from '@plinth/testing';

const launcher = fileURLToPath(new URL('../../apps/plinth/bin/plinth.mjs', import.meta.url));

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `plinth ARGS` to its end. */
export function plinth(args: readonly string[], options: { readonly timeoutMs?: number; readonly env?: NodeJS.ProcessEnv } = {}): Promise<CommandResult> {
  return run(process.execPath, [launcher, ...args], options);
}

/** Starts `plinth ARGS` and leaves it running. */
export function spawnPlinth(args: readonly string[], env: NodeJS.ProcessEnv = process.env): ReturnType<typeof spawn> {
  return spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env });
}

export function run(command: string, args: readonly string[], options: { readonly timeoutMs?: number; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string; readonly stdin?: string } = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: options.env ?? process.env, timeout: options.timeoutMs ?? 60_000, ...(options.cwd ? { cwd: options.cwd } : {}) });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');
    child.once('error', reject);
    child.once('close', (code) => resolve({ exitCode: code ?? -1, stdout, stderr }));
  });
}

/** A whole platform on a data directory of its own. Disposing it stops it and removes the directory. */
export interface RunningPlinth extends AsyncDisposable {
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly ports: Readonly<Record<'git' | 'platform' | 'worker' | 'ingress', number>>;
  /** Fails when kubectl does, unless `mayFail`. */
  kubectl(args: string, options?: Partial<KubectlOptions> & { readonly mayFail?: boolean }): Promise<KubectlResult>;
  /** The parsed output of `kubectl ... -o json`. */
  json<T = Record<string, unknown>>(args: string): Promise<T>;
}

export async function startPlinth(options: { readonly dataDir?: string; readonly keep?: boolean } = {}): Promise<RunningPlinth> {
  const dataDir = options.dataDir ?? join(await mkdtemp(join(tmpdir(), 'plinth-e2e-')), 'data');
  const up = await plinth(['up', '--detach', '--data-dir', dataDir]);
  if (up.exitCode !== 0) {
    const logs = await Promise.all(['supervisor', 'git', 'platform', 'worker'].map((name) => readFile(join(dataDir, 'logs', `${name}.log`), 'utf8').catch(() => '')));
    await plinth(['down', '--data-dir', dataDir]);
    throw new Error(`plinth up failed with ${up.exitCode}:\n${up.stdout}\n${up.stderr}\n${logs.map((log) => log.slice(-2000)).join('\n---\n')}`);
  }
  const { ports } = JSON.parse(await readFile(join(dataDir, 'plinth.json'), 'utf8')) as { ports: RunningPlinth['ports'] };
  const kubeconfig = join(dataDir, 'kubeconfig');
  const kubectl: RunningPlinth['kubectl'] = async (args, kubectlOptions = {}) => {
    const { mayFail, ...rest } = kubectlOptions;
    const result = await runKubectl(splitArgs(args), { kubeconfig, ...rest });
    if (result.exitCode !== 0 && !mayFail) throw new Error(`kubectl ${args} failed with ${result.exitCode}: ${result.stderr}${result.stdout}`);
    return result;
  };
  return {
    dataDir,
    kubeconfig,
    ports,
    kubectl,
    json: async <T>(args: string) => JSON.parse((await kubectl(`${args} -o json`)).stdout) as T,
    async [Symbol.asyncDispose]() {
      await plinth(['down', '--data-dir', dataDir]);
      if (!options.keep) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Splits as a shell would, with single quotes. */
export function splitArgs(args: string): string[] {
  return [...args.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
}
