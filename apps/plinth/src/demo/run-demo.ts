import { readEnvironment, resolveDataDir } from '../config/environment.ts';
import { UserError } from '../errors.ts';
import { openAdminClients } from './clients.ts';
import { playJourney, type DemoResult } from './play.ts';
import { exampleInstance } from './request.ts';
import { startPlatform, type RunningPlatform } from '../supervisor/start.ts';
import { aborted, onStopSignal } from '../supervisor/stop-signal.ts';
import { StartProgress } from '../ui/progress.ts';
import { shellQuote } from '../ui/shell-quote.ts';
import { createStyle, duration, type Style } from '../ui/style.ts';
import { waitForPromises } from '../ui/wait-for-promises.ts';

export interface DemoOptions {
  readonly dataDir?: string;
  /** Stop when the demo is over. */
  readonly exit?: boolean;
}

/** `plinth demo`: start the platform, ask it for a database, stay until told to stop. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const environment = readEnvironment();
  const root = resolveDataDir(options.dataDir, environment);
  const style = createStyle(environment.colours);
  const stop = onStopSignal();
  console.log(`${style.bold('Plinth')}  ${style.dim(`data directory ${root}`)}\n`);
  const progress = new StartProgress(environment.colours, environment.colours);
  const platform = await startPlatform(root, (state) => progress.update(state), { stop });
  const ended = aborted(platform.stopRequested).then(() => 'ended' as const);
  try {
    const played = await Promise.race([play(platform, progress, style, platform.stopRequested), ended]);
    if (played !== 'ended') {
      printSummary(platform, played, style, root === resolveDataDir(undefined, environment) ? '' : ` --data-dir ${shellQuote(root)}`);
      if (!options.exit) await ended;
    }
    console.log('\nstopping ...');
  } finally {
    await platform.stop();
  }
  console.log(`stopped; everything is kept in ${root}`);
}

/** Longer than anything that works takes on a slow machine, and short enough for a person to wait for the reason. */
const timeoutMs = 60_000;

async function play(platform: RunningPlatform, progress: StartProgress, style: Style, ended: AbortSignal): Promise<DemoResult> {
  await waitForPromises(platform.layout, progress, ended);
  console.log(`\n${style.bold('Asking for a database')}\n
  apiVersion: marketplace.kratix.io/v1alpha2
  kind: postgresql
  metadata: {name: example, namespace: default}
  spec: {env: dev, teamId: acid, dbName: bestdb}
`);
  using clients = await openAdminClients(platform.layout);
  const started = performance.now();
  const reached: string[] = [];
  const signal = AbortSignal.any([ended, AbortSignal.timeout(timeoutMs)]);
  try {
    return await playJourney(
      clients,
      (name, detail) => {
        reached.push(name);
        console.log(`  ${style.green('✓')} ${name.padEnd(9)} ${style.dim(duration(performance.now() - started).padStart(8))}  ${detail}`);
      },
      signal,
    );
  } catch (error) {
    if (ended.aborted) throw error;
    if (!signal.aborted) throw error;
    throw new UserError(`the database was not ready within ${timeoutMs / 1000} s; reached: ${reached.join(', ') || 'nothing'}`, {
      hint: `kubectl --kubeconfig ${platform.layout.kubeconfig} describe postgresql example; logs are in ${platform.layout.logs}`,
      cause: error,
    });
  }
}

function printSummary(platform: RunningPlatform, result: DemoResult, style: Style, flag: string): void {
  const { name, namespace, database, user } = exampleInstance;
  const { git } = platform.installation.ports;
  const secret = `${user}.${name}.credentials.postgresql.acid.zalan.do`;
  const password = `kubectl --context worker get secret -n ${namespace} ${secret} -o jsonpath='{.data.password}' | base64 -d`;
  console.log(`
${style.bold('The platform is yours.')} ${result.starts > 1 ? `This database was here already, with the rows of ${result.starts - 1} earlier ${result.starts === 2 ? 'start' : 'starts'}.` : ''}

  kubectl    eval "$(npx plinth env${flag})"
             kubectl get promises; kubectl get postgresqls; kubectl --context worker get pods
  git        http://localhost:${git}/gitea_admin/kratix/src/branch/main/worker-cluster/resources
  SQL        psql "postgresql://${user}:********@${result.host}:${result.port}/${database}"
  password   ${password}
             (PGPASSWORD="$(...)" psql -h ${result.host} -U ${user} ${database})

  Ctrl-C stops everything; \`npm start\` finds it again.`);
}
