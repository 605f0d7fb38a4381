import { isDeepStrictEqual } from 'node:util';
import { configMaps } from '@plinth/api';
import { createCache } from '@plinth/controller-runtime';
import { Engines, inspectData, openInstanceFolder, settleParameters, startServer, stopServersBelow, type InstanceFolder, type PostgresServer } from '../engine/index.ts';
import { takeBaseBackup } from '../engine/base-backup.ts';
import type { Connection } from '../sql/connection.ts';
import { announceMember } from './announce-member.ts';
import { chooseRole, type Role } from './choose-role.ts';
import { followLog } from './follow-log.ts';
import { holdConnection } from './hold-connection.ts';
import { configRecordName, parseConfigRecord, recordInitialisation } from './leader-record.ts';
import { needsRestart } from './needs-restart.ts';
import { parseEnvironment, type InstanceSettings } from './parse-environment.ts';
import type { Program, ProgramContext } from './program-context.ts';
import { readCredentialState, resetSystemRoles, setSystemRoles } from './system-roles.ts';

export interface InstanceProgramOptions {
  /** A folder of Plinth's user alone, for templates, secrets and (not as root) copies of the binaries. */
  readonly engineRoot: string;
  readonly now?: () => Date;
}

/** The program in a database pod, and a way to do its once-per-machine work (finding PostgreSQL, initdb) ahead of the first pod. */
export interface InstanceProgram extends Program, AsyncDisposable {
  readonly prepare: (major?: number) => Promise<void>;
}

/**
 * What Spilo and Patroni do in a database pod, as far as anybody outside can see it: a real PostgreSQL on the pod's
 * address, the leader record, the pod's role label, streaming replicas.
 *
 * Guarantees: ready means that the server takes SQL, that its data is on disk and that only the issued passwords are
 * known to it. The server outlives a crash of the process that runs this program; the next run adopts it. When the
 * server dies the program ends with code 1, so that the container is restarted on the same data.
 * Caveats: there is no automatic failover yet; the first pod to take the lead keeps it across restarts.
 */
export function createInstanceProgram(options: InstanceProgramOptions): InstanceProgram {
  const engines = new Engines(options.engineRoot);
  const now = options.now ?? ((): Date => new Date());
  const run: Program = async (context) => {
    context.setReady(false);
    try {
      return await runInstance(engines, now, context);
    } catch (error) {
      if (!context.signal.aborted) throw error;
      // Told to stop before it came to its server, which may run since an earlier life: the pod was deleted meanwhile.
      const volume = context.mounts.get(volumePath);
      if (volume !== undefined && (await stopServersBelow(volume)) > 0) context.log('the server that was left behind has stopped');
      return 0;
    } finally {
      context.setReady(false);
    }
  };
  return Object.assign(run, {
    prepare: async (major?: number) => void (await engines.prepare(major)),
    [Symbol.asyncDispose]: () => engines[Symbol.asyncDispose](),
  });
}

/** Where the data volume is mounted (contract, section 4.2). */
const volumePath = '/home/postgres/pgdata';

async function runInstance(engines: Engines, now: () => Date, context: ProgramContext): Promise<number> {
  const settings = parseEnvironment(context);
  const { log, signal, client } = context;
  await using cache = createCache(client, { signal });
  const config = cache.informer(configMaps, { namespace: settings.namespace, fieldSelector: `metadata.name=${configRecordName(settings.scope)}` });
  const configKey = { namespace: settings.namespace, name: configRecordName(settings.scope) };
  const folder = await openInstanceFolder(settings.root);
  const [data] = await Promise.all([inspectData(folder), config.synced]);
  const record = parseConfigRecord(config.get(configKey));
  const role = await chooseRole({ client, cache, settings, data, record, now, log, signal });
  signal.throwIfAborted();

  const opened = await openData(engines, folder, settings, role, context);
  const { engine } = opened;
  const parameters = (): Readonly<Record<string, string>> => {
    const wanted = parseConfigRecord(config.get(configKey)).parameters ?? settings.parameters;
    const { parameters: settled, ignored } = settleParameters(engine.major, wanted);
    for (const { name, reason } of ignored) log(`the parameter ${name} is left out: ${reason}`);
    return role.type === 'replica' ? { ...settled, primary_conninfo: role.connectionInfo() } : settled;
  };
  const address = { host: settings.podIP, port: settings.port };
  const endLog = followLog(folder.logFile, log);
  const start = (): Promise<PostgresServer> =>
    startServer(engine, { folder, listen: address, parameters: parameters(), standbyUser: settings.standby.name, signal });
  let server: PostgresServer | undefined;
  try {
    const credentials = await readCredentialState(folder, settings);
    server = await start();
    if (server.adopted) context.resumed?.();
    log(server.adopted ? `the server ${server.pid} runs already, it is adopted` : `the server ${server.pid} has started`);
    if (credentials === 'outdated' && role.type === 'primary') {
      log('the passwords of the system users have changed, the database takes them over');
      await server.stop();
      await resetSystemRoles(engine, folder, settings);
      server = await start();
    }
    await opened.durable;
    let first: Connection | undefined;
    if (credentials === 'unknown' && role.type === 'primary') first = await initialise(settings, folder, context, record.initialize, await opened.bootstrapPassword());
    await announceMember(client, settings, role.type, engine.version);
    for (;;) {
      const watch = { server, settings, parameters, onChange: (changed: () => void) => both(config.subscribe({ updated: changed }), role.type === 'replica' ? role.onLeaderMoved(changed) : undefined) };
      const ended = await serve(watch, context, first);
      if (ended === 'stop') return 0;
      if (ended === 'gone') {
        log(`the server ${server.pid} is gone`);
        return 1;
      }
      log('some of the new parameters need a restart of the server');
      await server.stop();
      first = undefined;
      server = await start();
    }
  } finally {
    if (signal.aborted && server) {
      context.setReady(false);
      await server.stop();
      log('the server has stopped');
    }
    endLog();
  }
}

const both = (one: () => void, other: (() => void) | undefined) => (): void => {
  one();
  other?.();
};

/** The first start of a database: its own passwords, and the record that it was made. Returns the open connection. */
async function initialise(settings: InstanceSettings, folder: InstanceFolder, { client }: ProgramContext, initialized: string | undefined, bootstrapPassword: string | undefined): Promise<Connection> {
  const connection = await setSystemRoles(folder, settings, { host: settings.podIP, port: settings.port }, bootstrapPassword);
  if (!initialized) {
    const rows = await connection.query<{ id: string }>('select system_identifier::text as id from pg_control_system()');
    await recordInitialisation(client, settings, rows[0]!.id);
  }
  return connection;
}

interface Served {
  readonly server: PostgresServer;
  readonly settings: InstanceSettings;
  readonly parameters: () => Readonly<Record<string, string>>;
  readonly onChange: (changed: () => void) => () => void;
}

/** Ready while a connection is held. Ends when the server is gone, when new parameters need a restart, or when the pod is to stop. */
async function serve({ server, settings, parameters, onChange }: Served, { signal, log, setReady }: ProgramContext, first: Connection | undefined): Promise<'stop' | 'gone' | 'restart'> {
  const over = new AbortController();
  const asked = Promise.withResolvers<'stop' | 'restart'>();
  const abort = (): void => asked.resolve('stop');
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  let known = parameters();
  let reloading = Promise.resolve();
  const unsubscribe = onChange(() => {
    const latest = parameters();
    if (isDeepStrictEqual(latest, known)) return;
    const previous = known;
    known = latest;
    reloading = reloading.then(async () => {
      try {
        if (await needsRestart(server.listen, settings.superuser, previous, latest)) asked.resolve('restart');
        else await server.reload(latest);
      } catch (error) {
        log(`taking over new parameters failed: ${(error as Error).message}`);
      }
    });
  });
  const holding = holdConnection(server, settings.superuser, { signal: over.signal, setReady, log, first });
  try {
    return await Promise.race([asked.promise, server.exited.then(() => 'gone' as const)]);
  } finally {
    unsubscribe();
    over.abort();
    signal.removeEventListener('abort', abort);
    setReady(false);
    await Promise.all([holding, reloading]);
  }
}

interface OpenedData {
  readonly engine: Awaited<ReturnType<Engines['locate']>>;
  /** Settles when the data directory is on disk for keeps. */
  readonly durable: Promise<void>;
  readonly bootstrapPassword: () => Promise<string | undefined>;
}

async function openData(engines: Engines, folder: InstanceFolder, settings: InstanceSettings, role: Role, { log, signal }: ProgramContext): Promise<OpenedData> {
  const data = await inspectData(folder);
  if (data.type === 'ready') {
    if (data.major !== settings.major) log(`the data is of PostgreSQL ${data.major} and stays so; ${settings.major} was asked for`);
    const engine = await engines.locate(data.major);
    const bootstrapPassword = async (): Promise<string> => (await engines.prepare(data.major)).template.bootstrapPassword;
    return { engine, durable: Promise.resolve(), bootstrapPassword };
  }
  if (role.type === 'replica') {
    const engine = await engines.locate(settings.major);
    log(`copying the primary ${role.leader()}`);
    await takeBaseBackup(engine, folder, { primary: role.primary(), user: settings.standby.name, password: settings.standby.password, label: settings.podName, signal });
    return { engine, durable: Promise.resolve(), bootstrapPassword: async () => undefined };
  }
  const prepared = await engines.prepare(settings.major);
  const { durable } = await engines.createData(folder, prepared);
  return { engine: prepared.engine, durable, bootstrapPassword: async () => prepared.template.bootstrapPassword };
}
