import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface ForwarderOptions {
  readonly host: string;
  readonly port: number;
  /** Where connections go; asked anew for each. Empty: they are reset at once. */
  readonly targets: () => readonly Target[];
  /** Connections at once. Default 4096; further ones are reset. */
  readonly maxConnections?: number;
  /** The address could not be taken, or was lost. */
  readonly failed: (error: NodeJS.ErrnoException) => void;
}

/** Listens at one address and passes connections on, in turn. */
export interface Forwarder extends AsyncDisposable {
  /** Resolves when it listens, or could not. */
  readonly ready: Promise<void>;
}

export function createForwarder({ host, port, targets, maxConnections = 4096, failed }: ForwarderOptions): Forwarder {
  const sockets = new Set<Socket>();
  const ready = Promise.withResolvers<void>();
  let turn = 0;
  // Half-open: one side may have said all and still wait for the answer.
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    track(client);
    const all = targets();
    if (all.length === 0 || sockets.size > maxConnections * 2) {
      client.resetAndDestroy();
      return;
    }
    turn = (turn + 1) % Number.MAX_SAFE_INTEGER;
    dial(client, all, turn % all.length, all.length);
  });

  function track(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  /** Tries the targets in turn: one that refuses is not asked to serve this connection. */
  function dial(client: Socket, all: readonly Target[], index: number, triesLeft: number): void {
    const target = all[index % all.length]!;
    const upstream = connect({ host: target.host, port: target.port, allowHalfOpen: true, noDelay: true, timeout: CONNECT_TIMEOUT_MS });
    sockets.add(upstream);
    let connected = false;
    upstream.once('connect', () => {
      connected = true;
      upstream.setTimeout(0);
      upstream.setKeepAlive(true, KEEP_ALIVE_MS);
      client.setKeepAlive(true, KEEP_ALIVE_MS);
      client.pipe(upstream);
      upstream.pipe(client);
    });
    upstream.once('timeout', () => upstream.destroy());
    upstream.on('error', () => upstream.destroy());
    upstream.on('close', () => {
      sockets.delete(upstream);
      if (!connected && triesLeft > 1 && !client.destroyed) dial(client, all, index + 1, triesLeft - 1);
      else if (!connected || upstream.errored) client.resetAndDestroy();
    });
    client.once('close', () => {
      if (client.errored || !upstream.readableEnded) upstream.destroy();
    });
  }

  server.on('error', (error: NodeJS.ErrnoException) => {
    failed(error);
    ready.resolve();
  });
  server.listen({ host, port, backlog: 511 }, () => ready.resolve());
  return {
    ready: ready.promise,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const CONNECT_TIMEOUT_MS = 3000;
const KEEP_ALIVE_MS = 30_000;
