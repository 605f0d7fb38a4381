import { type Command, Option } from 'commander';
import { type DataDir, dataDirLayout, prepareDataDir, readInstallation, unitNames } from '../config/data-dir.ts';
import { type Environment, readEnvironment, resolveDataDir } from '../config/environment.ts';
import { exitCodes, UserError } from '../errors.ts';
import { connectControl, type UnitState } from '../supervisor/control-socket.ts';
import { announceFailure, announceListening, spawnPlinth } from '../supervisor/spawn.ts';
import { startPlatform, type RunningPlatform } from '../supervisor/start.ts';
import { supervisorRuns } from '../supervisor/supervisor.ts';
import { aborted, onStopSignal } from '../supervisor/stop-signal.ts';
import { StartProgress } from '../ui/progress.ts';
import { shellQuote } from '../ui/shell-quote.ts';
import { createStyle, duration } from '../ui/style.ts';
import { dataDirOption } from './options.ts';

export function registerUp(program: Command): void {
  program
    .command('up')
    .description('Start the platform and stay in the foreground; Ctrl-C stops everything.')
    .addOption(dataDirOption())
    .option('-d, --detach', 'return when it is ready, and leave it running')
    .addOption(new Option('--resume').hideHelp())
    .addOption(new Option('--supervise').hideHelp())
    .addHelpText('after', '\nStarted again on the same data directory, it finds everything: objects, repositories, databases and their rows.')
    .action(async (options: { dataDir?: string; detach?: boolean; resume?: boolean; supervise?: boolean }) => {
      const environment = readEnvironment();
      const root = resolveDataDir(options.dataDir, environment);
      // What the units start when their supervisor has died, and what --detach leaves behind.
      if (options.resume || options.supervise) await supervise(root, Boolean(options.resume));
      else if (options.detach) await detach(root, environment);
      else await foreground(root, environment);
    });
}

async function foreground(root: string, environment: Environment): Promise<void> {
  const style = createStyle(environment.colours);
  const stop = onStopSignal();
  console.log(`${style.bold('Plinth')}  ${style.dim(`data directory ${root}`)}\n`);
  const progress = new StartProgress(environment.colours, environment.colours);
  const platform = await startPlatform(root, (state) => progress.update(state), { stop });
  try {
    const ended = aborted(platform.stopRequested);
    const offered = waitForOffers(platform.layout, progress, platform.stopRequested).then(() => true);
    if (await Promise.race([offered, ended])) printSummary(root, environment, progress.elapsedMs);
    await ended;
    console.log('\nstopping ...');
  } finally {
    await platform.stop();
  }
  console.log(`stopped; everything is kept in ${root}`);
}

export function printSummary(root: string, environment: Environment, elapsedMs: number): void {
  const style = createStyle(environment.colours);
  const flag = root === resolveDataDir(undefined, environment) ? '' : ` --data-dir ${shellQuote(root)}`;
  console.log(`
${style.bold(`Ready in ${duration(elapsedMs)}.`)} Point kubectl at it, and see what is on offer:

  eval "$(npx plinth env${flag})"
  kubectl get promises
`);
}

/** The supervisor in a process of its own. Quiet when another one was faster. `resume`: it takes over from one that died. */
async function supervise(root: string, resume: boolean): Promise<void> {
  const layout = prepareDataDir(root);
  if (supervisorRuns(layout)) return;
  const stop = onStopSignal();
  const onState = (state: UnitState): void => {
    announceListening();
    console.log(new Date().toISOString(), JSON.stringify(state));
  };
  let platform: RunningPlatform;
  try {
    platform = await startPlatform(root, onState, { stop, resume });
  } catch (error) {
    if (supervisorRuns(layout)) return;
    announceFailure(error);
    throw error;
  }
  await aborted(platform.stopRequested);
  await platform.stop();
}

async function detach(root: string, environment: Environment): Promise<void> {
  const layout = prepareDataDir(root);
  const style = createStyle(environment.colours);
  // What cannot be used is refused here, where a person sees it.
  readInstallation(layout);
  if (supervisorRuns(layout)) {
    console.log(`Plinth already runs on ${root}`);
    return;
  }
  console.log(`${style.bold('Plinth')}  ${style.dim(`data directory ${root}`)}\n`);
  const progress = new StartProgress(environment.colours, environment.colours);
  const spawned = spawnPlinth(layout, 'supervisor', ['up', '--supervise', '--data-dir', root]);
  await spawned.listening.catch((error: unknown) => {
    // It gave way to one that was started at the same moment.
    if (!supervisorRuns(layout)) throw error;
  });
  const ready = Promise.withResolvers<void>();
  const readyUnits = new Set<string>();
  let failure: UnitState | undefined;
  const connection = await connectControl(dataDirLayout(root).socket('supervisor'), (state) => {
    if (state.unit === 'supervisor') return;
    progress.update(state);
    if (state.phase === 'ready') readyUnits.add(state.unit);
    if (state.phase === 'failed') failure = state;
    if (state.phase === 'failed' && state.fatal) {
      ready.reject(new UserError(`${state.unit} did not start: ${state.detail}`, { exitCode: exitCodes.dataDirUnusable, ...(state.hint ? { hint: state.hint } : {}) }));
    }
    if (unitNames.every((name) => readyUnits.has(name))) ready.resolve();
  });
  if (!connection) throw new UserError(`Plinth on ${root} is started or stopped by somebody else at this moment`, { hint: '`plinth status` shows what runs' });
  try {
    await Promise.race([ready.promise, connection.closed.then(() => Promise.reject(new UserError(`${failure ? `${failure.unit} did not start: ${failure.detail}` : 'the supervisor ended while it was starting'}; see ${layout.logs}`)))]);
    await waitForOffers(layout, progress);
  } finally {
    connection.close();
  }
  printSummary(root, environment, progress.elapsedMs);
}

/** Loads the client and the kinds, which the supervisor itself never needs. */
async function waitForOffers(layout: DataDir, progress: StartProgress, stop?: AbortSignal): Promise<void> {
  const { waitForPromises } = await import('../ui/wait-for-promises.ts');
  await waitForPromises(layout, progress, stop);
}
