import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** What a unit says of itself, first on connect and then whenever it changes. */
export interface UnitState {
  readonly unit: string;
  readonly pid: number;
  readonly phase: 'starting' | 'ready' | 'stopping' | 'failed';
  /** What it is doing or, when it failed, why; with `hint` what a person can do. */
  readonly detail?: string;
  readonly hint?: string;
  /** Starting it again would fail again. */
  readonly fatal?: boolean;
  /** Since the process started, in ms. */
  readonly readyAfterMs?: number;
}

/** Commands that may come over a control socket. The socket's folder is its owner's alone, so whoever connects may. */
export type ControlCommand = { readonly command: 'stop' };

export interface ControlHandlers {
  readonly command: (command: ControlCommand) => void;
  readonly lastConnectionClosed: () => void;
}

/**
 * A unit's end of the control socket: JSON lines, state out, commands in. Connections are also how a process learns that
 * the one at the other end died: the kernel closes them.
 */
export class ControlServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Its own state first, then those it passes on (a supervisor's units). */
  readonly #states = new Map<string, UnitState>();
  readonly #unit: string;
  readonly #connected = Promise.withResolvers<void>();

  private constructor(server: Server, state: UnitState) {
    this.#server = server;
    this.#unit = state.unit;
    this.#states.set(state.unit, state);
  }

  static async listen(path: string, state: UnitState, on: ControlHandlers): Promise<ControlServer> {
    rmSync(path, { force: true });
    const server = createServer();
    const control = new ControlServer(server, state);
    server.on('connection', (socket) => control.#accept(socket, on));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
    return control;
  }

  /** Resolves when somebody has been told the state at least once. */
  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  /** Changes its own state. */
  set(change: Partial<UnitState>): void {
    this.publish({ ...this.#states.get(this.#unit)!, ...change });
  }

  /** Passes on the state of another unit. */
  publish(state: UnitState): void {
    this.#states.set(state.unit, state);
    for (const socket of this.#sockets) socket.write(line(state));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.end();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket, on: ControlHandlers): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) on.lastConnectionClosed();
    });
    for (const state of this.#states.values()) socket.write(line(state));
    this.#connected.resolve();
    lines(socket, (text) => {
      const command = parse<ControlCommand>(text);
      if (command?.command === 'stop') on.command(command);
    });
  }
}

/** The other end. `closed` resolves when the unit is gone or hung up. */
export interface ControlConnection {
  readonly send: (command: ControlCommand) => void;
  readonly closed: Promise<void>;
  readonly close: () => void;
}

/** Undefined when nobody listens there. */
export function connectControl(path: string, onState: (state: UnitState) => void): Promise<ControlConnection | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const closed = new Promise<void>((done) => socket.once('close', () => done()));
    socket.once('error', () => resolve(undefined));
    socket.once('connect', () => {
      socket.on('error', () => {});
      lines(socket, (text) => {
        const state = parse<UnitState>(text);
        if (state) onState(state);
      });
      resolve({
        send: (command) => void socket.write(line(command)),
        closed,
        close: () => socket.destroy(),
      });
    });
  });
}

/** readline repeats the errors of its input; the socket's own handlers deal with those. */
function lines(socket: Socket, onLine: (text: string) => void): void {
  createInterface({ input: socket })
    .on('line', onLine)
    .on('error', () => {});
}

const line = (value: UnitState | ControlCommand): string => `${JSON.stringify(value)}\n`;

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
