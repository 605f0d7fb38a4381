import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { eventually, findKubectl } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectOutput } from './_util/expect-output.ts';
import { type GuideStep, parseGuide, textBlocks } from './_util/guide.ts';
import { plinth, run, spawnPlinth } from './_util/plinth.ts';

/**
 * The README and the guides, followed to the letter by a user who has just cloned Plinth: in a home of their own, on one
 * platform that `npm start` would have started.
 */
const root = join(import.meta.dirname, '..');
const guides = ['README.md', 'docs/guides/use-a-database.md', 'docs/guides/request-through-git.md', 'docs/guides/change-the-rules.md', 'docs/guides/offer-a-service.md', 'docs/guides/come-from-kratix.md', 'docs/guides/request-an-application.md', 'docs/guides/why-not.md', 'docs/guides/troubleshoot.md', 'docs/guides/operate.md'];

let home: string;
let demo: ReturnType<typeof spawnPlinth>;
let demoOutput = '';
let environment: NodeJS.ProcessEnv;
let ports: Readonly<Record<'git' | 'platform' | 'worker' | 'ingress', number>>;
let missing: ReadonlySet<string>;

beforeAll(async () => {
  home = join(await mkdtemp(join(tmpdir(), 'plinth-guides-')), 'home');
  const bin = join(home, '.bin');
  await mkdir(bin, { recursive: true });
  await symlink(await findKubectl('1.35'), join(bin, 'kubectl'));
  // What `export PATH="$PWD/node_modules/.bin:$PATH"` gives, and `npx plinth` without looking around for it.
  await writeFile(join(bin, 'npx'), '#!/bin/sh\nexec "$@"\n');
  await chmod(join(bin, 'npx'), 0o700);
  const { KUBECONFIG: _kubeconfig, PLINTH_HOME: _plinthHome, ...inherited } = process.env;
  environment = {
    ...inherited,
    HOME: home,
    PATH: [bin, join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  missing = new Set((await run('sh', ['-c', 'command -v psql'], { env: environment })).exitCode === 0 ? [] : ['psql']);
  demo = spawnPlinth(['demo'], environment);
  demo.stdout!.setEncoding('utf8').on('data', (text: string) => (demoOutput += text));
  demo.stderr!.setEncoding('utf8').on('data', (text: string) => (demoOutput += text));
  await eventually(() => demoOutput.includes('Ctrl-C stops everything') || demo.exitCode !== null, { timeoutMs: 50_000, intervalMs: 20 });
  if (demo.exitCode !== null) throw new Error(`plinth demo ended with ${demo.exitCode}:\n${demoOutput}`);
  ({ ports } = JSON.parse(await readFile(join(home, '.plinth/plinth.json'), 'utf8')) as { ports: typeof ports });
}, 60_000);

afterAll(async () => {
  for (const name of ['.plinth', 'second']) await plinth(['down', '--data-dir', join(home, name)]);
  if (demo.exitCode === null) await once(demo, 'exit');
  await rm(dirname(home), { recursive: true, force: true });
}, 30_000);

describe('the README', () => {
  it('shows what npm start prints', async () => {
    const documented = textBlocks(await readFile(join(root, 'README.md'), 'utf8'))[0]!;
    expectOutput(asInGuide(demoOutput), documented, 'npm start', { anyOrder: true });
  });
});

describe('a guide', () => {
  it.each(guides)('%s does what it says', async (guide) => {
    const steps = parseGuide(await readFile(join(root, guide), 'utf8'));
    const folder = await mkdtemp(join(home, 'guide-'));
    // `pg` for the program in the guide, as `npm install pg` in its folder would bring.
    await mkdir(join(folder, 'node_modules'));
    await symlink(join(root, 'node_modules/pg'), join(folder, 'node_modules/pg'));
    const runnable = steps.filter(({ needs }) => !needs || !missing.has(needs));
    for (const { line, needs } of steps) if (needs && missing.has(needs)) console.warn(`${guide}:${line} skipped: there is no ${needs} on this machine`);
    const { stdout, exitCode } = await run('sh', ['-c', scriptOf(runnable)], { env: { ...environment, GUIDE_FOLDER: folder }, cwd: folder, timeoutMs: 90_000 });
    const outputs = stdout.split(/^@@step .*\n/m).slice(1);
    for (const [index, step] of runnable.entries()) {
      const printed = outputs[index];
      if (printed === undefined || (index === outputs.length - 1 && exitCode !== 0)) expect.fail(`${guide}:${step.line} failed with exit code ${exitCode}:\n${step.text}\n\n${stdout}`);
      if (step.expected !== undefined) expectOutput(asInGuide(printed), step.expected, `${guide}:${step.line}`, { anyOrder: step.anyOrder });
    }
  }, 120_000);
});

/** One script for a whole guide, so that variables and the folder last; it ends at the first step that does not go as it should. */
function scriptOf(steps: readonly GuideStep[]): string {
  const lines = ['exec 2>&1', 'set -e'];
  for (const step of steps) {
    lines.push(`printf '\\n@@step ${step.line}\\n'`);
    if (step.kind === 'save') lines.push(`cat > "$GUIDE_FOLDER/${step.file}" <<'@@end'\n${step.text}@@end`);
    else if (step.fails) lines.push(`if (\nset -e\n${onThisPort(step.text)}\n); then echo 'expected this to fail'; exit 1; fi`);
    else lines.push(onThisPort(step.text));
  }
  return lines.join('\n');
}

const preferred = { platform: '127.0.0.1:16443', worker: '127.0.0.1:16444', git: 'localhost:31443', ingress: 'localhost:31338' } as const;

/** The guides name the preferred ports; somebody else may have them. */
const onThisPort = (command: string): string => command.replaceAll(preferred.git, `localhost:${ports.git}`).replaceAll(preferred.ingress, `localhost:${ports.ingress}`);

/** What was printed, with the home and the ports of the guides. */
function asInGuide(printed: string): string {
  let text = printed.replaceAll(home, '~');
  for (const [name, address] of Object.entries(preferred)) text = text.replaceAll(address.replace(/\d+$/, String(ports[name as keyof typeof ports])), address);
  return text;
}
