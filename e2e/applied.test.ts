import { eventually } from '@plinth/testing';
import { expect, it } from 'vitest';
import { plinth as command, startPlinth, type RunningPlinth } from './_util/plinth.ts';
import { request } from './_util/request.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly provedAt?: string;
}

async function conditions(plinth: RunningPlinth, object: string): Promise<Readonly<Record<string, Condition | undefined>>> {
  const found = await plinth.json<{ status?: { conditions?: readonly Condition[] } }>(`get ${object}`);
  return Object.fromEntries((found.status?.conditions ?? []).map((condition) => [condition.type, condition]));
}

it('says what is applied and when that was proved, and leaves nothing green when the worker is frozen', { timeout: 180_000 }, async () => {
  await using plinth = await startPlinth();
  const { kubectl } = plinth;
  await kubectl('apply -f -', { stdin: request('example') });
  await kubectl('wait --for=condition=Ready postgresql/example --timeout=60s');
  const { Applied, Ready } = await conditions(plinth, 'postgresql example');
  expect(Applied).toMatchObject({ status: 'True', reason: 'Applied', message: expect.stringMatching(/^Applied at worker-cluster \(commit [0-9a-f]{7}\)$/), provedAt: expect.any(String) });
  expect(Ready).toMatchObject({ status: 'True', reason: 'Healthy', provedAt: expect.any(String) });
  await eventually(async () => expect(await conditions(plinth, 'promise postgresql')).toMatchObject({ Applied: { status: 'True' }, Ready: { status: 'True' } }), { timeoutMs: 20_000, intervalMs: 200 });
  expect((await kubectl('get destinations -o custom-columns=NAME:.metadata.name,KS:.status.agent.kustomizations[*].ready --no-headers')).stdout.trim().split('\n').map((line) => line.split(/\s+/))).toEqual([
    ['platform-cluster', 'True,True'],
    ['worker-cluster', 'True,True'],
  ]);

  const { stdout } = await command(['status', '--output', 'json', '--data-dir', plinth.dataDir]);
  const pid = (JSON.parse(stdout) as { readonly units: readonly { readonly unit: string; readonly pid: number }[] }).units.find(({ unit }) => unit === 'worker')?.pid ?? 0;
  expect(pid).toBeGreaterThan(0);
  process.kill(pid, 'SIGSTOP');
  try {
    await eventually(
      async () => {
        const silent = { status: 'Unknown', reason: 'ReporterSilent', message: expect.stringMatching(/^no report from Destination worker-cluster since 2\S+Z$/) };
        expect(await conditions(plinth, 'postgresql example')).toMatchObject({ Applied: silent, Ready: silent });
        expect(await conditions(plinth, 'promise postgresql')).toMatchObject({ Applied: silent, Ready: silent });
      },
      { timeoutMs: 60_000, intervalMs: 500 },
    );
    expect((await kubectl('get postgresql example')).stdout).not.toContain('deployed successfully');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await kubectl('wait --for=condition=Ready postgresql/example --timeout=60s');
  expect((await kubectl('get postgresql example')).stdout).toContain('deployed successfully');
});
