import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findKubectl, type KubectlVersion } from './find-kubectl.ts';

export interface KubectlOptions {
  /** Path of the kubeconfig. */
  readonly kubeconfig: string;
  /** Default 1.35. */
  readonly version?: KubectlVersion;
  readonly stdin?: string;
  /** Then it is killed. Default 20 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface KubectlResult {
  /** 128 and more, or -1: ended by a signal. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a stock kubectl and returns what it said, whatever its exit code. Its discovery cache lies beside the kubeconfig's name. */
export async function runKubectl(args: readonly string[], options: KubectlOptions): Promise<KubectlResult> {
  const path = await findKubectl(options.version ?? '1.35');
  const child = spawn(path, args, {
    env: { PATH: process.env['PATH'], HOME: join(options.kubeconfig, '..'), TMPDIR: tmpdir(), KUBECONFIG: options.kubeconfig },
    timeout: options.timeoutMs ?? 20_000,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {}); // It may end without reading.
  child.stdin.end(options.stdin ?? '');
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) => (options.signal?.aborted ? resolve(-1) : reject(error)));
    child.once('close', (code) => resolve(code ?? -1));
  });
  return { exitCode, stdout, stderr };
}
