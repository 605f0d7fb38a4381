import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, type Client } from '@plinth/client';
import { httpTransport, loadKubeconfig } from '@plinth/client/node';

const launcher = fileURLToPath(new URL('../apps/plinth/bin/plinth.mjs', import.meta.url));

/** A platform to measure, in processes of its own, reached over HTTPS as by anybody. */
export interface BenchPlatform extends AsyncDisposable {
  readonly dataDir: string;
  readonly platform: Client;
  readonly worker: Client;
  /** From the start of the command until it said that the platform is ready. */
  readonly readyAfterMs: number;
}

export async function startBenchPlatform(options: { readonly dataDir?: string; readonly keep?: boolean } = {}): Promise<BenchPlatform> {
  const dataDir = options.dataDir ?? join(mkdtempSync(join(tmpdir(), 'plinth-bench-')), 'data');
  const started = performance.now();
  await plinth(['up', '--detach', '--data-dir', dataDir]);
  const readyAfterMs = performance.now() - started;
  const [platform, worker] = await Promise.all(['platform', 'worker'].map(async (context) => httpTransport(await loadKubeconfig(join(dataDir, 'kubeconfig'), context))));
  return {
    dataDir,
    platform: createClient(platform!),
    worker: createClient(worker!),
    readyAfterMs,
    async [Symbol.asyncDispose]() {
      await plinth(['down', '--data-dir', dataDir]);
      if (!options.keep) leftBehind.add(dataDir);
    },
  };
}

const leftBehind = new Set<string>();

/**
 * Removes what the platforms of this process kept, when all is measured: ext4 does not take an inode again soon after it was
 * freed, and looks at each such one whenever it needs a free one, so what one measure removed would slow the next.
 */
export function removeBenchData(): void {
  for (const dataDir of leftBehind) rmSync(dataDir, { recursive: true, force: true });
  leftBehind.clear();
}

function plinth(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`plinth ${args.join(' ')} failed with ${code}`))));
  });
}

/**
 * What the platform's processes hold in memory, in MB, shared pages counted once between them (PSS). `databases`: the
 * PostgreSQL servers, told apart by their program.
 */
export function memoryOf(dataDir: string): { readonly platform: number; readonly databases: number } {
  const sum = { platform: 0, databases: 0 };
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      const isPostgres = readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres');
      const folder = readlinkSync(`/proc/${pid}/cwd`);
      if (!command.includes(dataDir) && !folder.startsWith(dataDir)) continue;
      const pss = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
      sum[isPostgres ? 'databases' : 'platform'] += pss;
    } catch {
      // It ended while we looked.
    }
  }
  return { platform: Math.round(sum.platform), databases: Math.round(sum.databases) };
}
