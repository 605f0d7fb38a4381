import { chooseBlocks, choosePorts, freeBlock, freePort, Reservations } from '../config/addresses.ts';
import { type DataDir, type Installation, newInstallationId, prepareDataDir, readInstallation, type UnitName, unitNames, writeInstallation } from '../config/data-dir.ts';
import { ensureIdentity } from '../config/identity.ts';
import { UserError, exitCodes } from '../errors.ts';
import { connectControl, type UnitState } from './control-socket.ts';
import { stopLeftBehind } from './left-behind.ts';
import { aborted } from './stop-signal.ts';
import { Supervisor, supervisorRuns } from './supervisor.ts';

export interface RunningPlatform {
  readonly layout: DataDir;
  readonly installation: Installation;
  /** Aborts when a stop was asked for: over the control socket, or with the signal that it was started with. */
  readonly stopRequested: AbortSignal;
  readonly stop: () => Promise<void>;
}

/**
 * Brings everything up, in this process' care: prepares the data directory, supervises the units, and resolves when all
 * of them are ready. When one cannot start, or when it is asked to stop meanwhile, stops the others and fails with the
 * reason; with `resume` it goes on trying.
 */
export async function startPlatform(root: string, onState: (state: UnitState) => void, options: { readonly stop: AbortSignal; readonly resume?: boolean }): Promise<RunningPlatform> {
  const layout = prepareDataDir(root);
  const found = readInstallation(layout);
  if (supervisorRuns(layout)) {
    throw new UserError(`Plinth already runs on ${root}`, { hint: '`plinth status` shows it, `plinth down` stops it' });
  }
  await using stack = new AsyncDisposableStack();
  const reservations = stack.use(new Reservations());
  let installation = await installationFor(layout, found, reservations);
  writeInstallation(layout, installation);
  await ensureIdentity(layout, installation);

  const commanded = new AbortController();
  const stopRequested = AbortSignal.any([options.stop, commanded.signal]);
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  const readyUnits = new Set<string>();
  let failures = 0;
  const supervisor = await Supervisor.start({
    layout,
    onStopRequested: () => commanded.abort(),
    onState: (state) => {
      onState(state);
      if (state.phase === 'ready') readyUnits.add(state.unit);
      if (state.phase === 'ready' && !installation.initialised.includes(state.unit as UnitName)) {
        installation = { ...installation, initialised: [...installation.initialised, state.unit as UnitName] };
        writeInstallation(layout, installation);
      }
      if (state.phase === 'failed') failures += 1;
      // Whoever took over from a dead supervisor keeps trying: the platform was up.
      if (state.phase === 'failed' && !options.resume && (state.fatal || failures >= 5)) {
        const hint = state.hint;
        ready.reject(new UserError(`${state.unit} did not start: ${state.detail ?? 'no reason given'}`, { exitCode: exitCodes.dataDirUnusable, ...(hint ? { hint } : {}) }));
      }
      if (unitNames.every((name) => readyUnits.has(name))) ready.resolve();
    },
  });
  const stop = async (): Promise<void> => {
    await supervisor.stop(() => stopLeftBehind(layout));
    await reservations[Symbol.asyncDispose]();
  };
  void aborted(stopRequested).then(() => ready.reject(new UserError('stopped while it was starting')));
  try {
    await ready.promise;
  } catch (error) {
    await stop();
    throw error;
  }
  stack.move();
  return { layout, installation, stopRequested, stop };
}

async function installationFor(layout: DataDir, found: Installation | undefined, reservations: Reservations): Promise<Installation> {
  if (!found) {
    const [ports, blocks] = [await choosePorts(undefined, freePort(reservations)), await chooseBlocks(freeBlock(reservations))];
    return { format: 1, id: newInstallationId(), ports, blocks, initialised: [] };
  }
  await Promise.all(Object.values(found.blocks).map((block) => reservations.holdBlock(block)));
  // Units of a supervisor that died hold their ports themselves.
  const alive = await Promise.all(unitNames.map((name) => isAlive(layout.socket(name))));
  return alive.some(Boolean) ? found : { ...found, ports: await choosePorts(found.ports, freePort(reservations)) };
}

async function isAlive(socket: string): Promise<boolean> {
  const connection = await connectControl(socket, () => {});
  // Hanging up may make the unit believe that its supervisor died; the one it then starts finds the lock taken.
  connection?.close();
  return connection !== undefined;
}
