import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chooseBlocks, choosePorts, freePort, Reservations } from '../src/config/addresses.ts';
import { dataDirLayout, type Installation, prepareDataDir, readInstallation, writeInstallation } from '../src/config/data-dir.ts';
import { resolveDataDir } from '../src/config/environment.ts';
import { FileLock } from '../src/config/file-lock.ts';
import { connectControl, ControlServer, type UnitState } from '../src/supervisor/control-socket.ts';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-app-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
const installation: Installation = { format: 1, id: 'x', ports: { git: 1, platform: 2, worker: 3 }, blocks: { platform: 2, worker: 3 }, initialised: [] };

describe(resolveDataDir, () => {
  it('prefers the option, then PLINTH_HOME, then ~/.plinth', () => {
    const environment = { plinthHome: '/p', home: '/h', path: '', engineSockets: [], kratix: {}, colours: false };
    expect(resolveDataDir('/o', environment)).toBe('/o');
    expect(resolveDataDir(undefined, environment)).toBe('/p');
    expect(resolveDataDir(undefined, { ...environment, plinthHome: undefined })).toBe('/h/.plinth');
  });
});

describe('the data directory', () => {
  it('is the same whichever links lead there, also when it is still to be made', () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    expect(resolveDataDir(join(folder, 'link/a/b'), { plinthHome: undefined, home: '/h', path: '', engineSockets: [], kratix: {}, colours: false })).toBe(join(folder, 'real/a/b'));
  });

  it('refuses a folder for sockets that others can enter', () => {
    const root = join(newFolder(), 'long'.repeat(30));
    const sockets = dirname(prepareDataDir(root).socket('x'));
    onTestFinished(() => rmSync(sockets, { recursive: true, force: true }));
    chmodSync(sockets, 0o755);
    expect(() => prepareDataDir(root)).toThrow(`${sockets} does not belong to this user alone`);
  });
});

describe(prepareDataDir, () => {
  it('makes a folder that only its owner can enter', () => {
    const root = join(newFolder(), 'a', 'b');
    prepareDataDir(root);
    expect(statSync(root).mode & 0o777).toBe(0o700);
  });

  it('refuses a Plinth whose plinth.json is gone, rather than starting afresh in it', () => {
    const root = newFolder();
    prepareDataDir(root);
    prepareDataDir(root);
    mkdirSync(join(root, 'clusters'));
    expect(() => prepareDataDir(root)).toThrow(`${root} is not empty and holds no Plinth`);
  });

  it('refuses a folder that holds something else', () => {
    const root = newFolder();
    writeFileSync(join(root, 'thesis.txt'), '');
    expect(() => prepareDataDir(root)).toThrow(`${root} is not empty and holds no Plinth (no ${join(root, 'plinth.json')})`);
  });
});

describe(readInstallation, () => {
  it('reads what was written', () => {
    const layout = prepareDataDir(newFolder());
    writeInstallation(layout, installation);
    expect(readInstallation(layout)).toEqual(installation);
  });

  it.each([
    ['{"format": 2}', 'was written by a newer Plinth (format 2, this one knows 1)'],
    ['{"format": 1}', 'is damaged: fields are missing'],
    ['{"form', 'is damaged: '],
  ])('refuses %s', (content, message) => {
    const layout = prepareDataDir(newFolder());
    writeFileSync(layout.installationFile, content);
    expect(() => readInstallation(layout)).toThrow(`cannot use the data directory: ${layout.installationFile} ${message}`);
  });
});

describe(choosePorts, () => {
  it('takes the preferred ports when they are free', async () => {
    expect(await choosePorts(undefined, async () => true)).toEqual({ platform: 16_443, worker: 16_444, git: 31_443, ingress: 31_338 });
  });

  it('moves up from taken ones without giving one port twice', async () => {
    const taken = new Set([16_443, 31_443, 31_338]);
    const ports = await choosePorts(undefined, async (port) => !taken.has(port));
    expect(ports).toEqual({ platform: 16_444, worker: 16_445, git: 31_444, ingress: 31_339 });
  });

  it('keeps the ports of last time', async () => {
    expect(await choosePorts({ platform: 1, worker: 2, git: 3, ingress: 4 }, async () => true)).toEqual({ platform: 1, worker: 2, git: 3, ingress: 4 });
    // As a Plinth left it that had no Ingresses.
    expect(await choosePorts({ platform: 1, worker: 2, git: 3 }, async () => true)).toMatchObject({ git: 3, ingress: 31_338 });
  });

  it('sees a port that is really taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    await using reservations = new Reservations();
    const ports = await choosePorts({ platform: port, worker: 50_000, git: 50_100, ingress: 50_150 }, freePort(reservations));
    expect(ports.platform).toBeGreaterThan(port);
  });

  it('gives nobody what another one has just chosen', async () => {
    await using first = new Reservations();
    await using second = new Reservations();
    const wanted = { platform: 50_200, worker: 50_300, git: 50_400, ingress: 50_500 };
    const [one, other] = await Promise.all([choosePorts(wanted, freePort(first)), choosePorts(wanted, freePort(second))]);
    expect(Object.values(one).filter((port) => Object.values(other).includes(port))).toEqual([]);
  });
});

describe(chooseBlocks, () => {
  it('chooses two different blocks', async () => {
    const numbers = [7, 7, 9];
    expect(await chooseBlocks(async () => true, () => numbers.shift()!)).toEqual({ platform: 7, worker: 9 });
  });
});

describe(FileLock, () => {
  it('is held by one at a time', () => {
    const file = join(newFolder(), 'x.lock');
    const first = FileLock.tryAcquire(file)!;
    expect(FileLock.tryAcquire(file)).toBeUndefined();
    first[Symbol.dispose]();
    using second = FileLock.tryAcquire(file);
    expect(second).toBeDefined();
  });
});

describe(ControlServer, () => {
  it('tells its state and what it passes on, takes commands, and notices when the last one hangs up', async () => {
    const path = join(newFolder(), 'c.sock');
    const commands: string[] = [];
    const lonely = Promise.withResolvers<void>();
    await using server = await ControlServer.listen(path, { unit: 'a', pid: 1, phase: 'starting' }, {
      command: ({ command }) => commands.push(command),
      lastConnectionClosed: lonely.resolve,
    });
    server.publish({ unit: 'b', pid: 2, phase: 'starting' });
    const states: UnitState[] = [];
    const both = Promise.withResolvers<void>();
    const connection = (await connectControl(path, (state) => {
      states.push(state);
      if (states.length === 3) both.resolve();
    }))!;
    server.set({ phase: 'ready' });
    await both.promise;
    expect(states.map(({ unit, phase }) => `${unit} ${phase}`).sort()).toEqual(['a ready', 'a starting', 'b starting'].sort());
    connection.send({ command: 'stop' });
    connection.close();
    await lonely.promise;
    expect(commands).toEqual(['stop']);
  });

  it('is found missing when nobody listens', async () => {
    expect(await connectControl(join(newFolder(), 'none.sock'), () => {})).toBeUndefined();
  });
});

describe(dataDirLayout, () => {
  it('puts sockets elsewhere when the path is too long for one', () => {
    const long = `/tmp/${'x'.repeat(120)}`;
    expect(dataDirLayout(long).socket('supervisor').length).toBeLessThan(104);
    expect(dataDirLayout('/tmp/x').socket('git')).toBe('/tmp/x/run/git.sock');
  });
});
