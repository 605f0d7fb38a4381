import { createServer as createHttpServer } from 'node:http';
import type { RequestListener, Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';

/** The first byte of a TLS connection: a handshake record. No HTTP method begins with it. */
const tlsHandshake = 0x16;

/** How long a connection may say nothing before it says what it is. */
const firstByteMs = 10_000;

export interface Listener extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

/** Serves HTTP and, given a key and a certificate, HTTPS on one port. Rejects when the port cannot be had. */
export async function listen(handler: RequestListener, options: { readonly host: string; readonly port: number; readonly tls?: { readonly key: string; readonly cert: string } | undefined; readonly requestTimeoutMs: number }): Promise<Listener> {
  const settings = { keepAliveTimeout: 75_000, headersTimeout: 20_000, requestTimeout: options.requestTimeoutMs, maxHeaderSize: 32_768 };
  const plain = createHttpServer(settings, handler);
  const secure = options.tls && createHttpsServer({ ...settings, ...options.tls }, handler);
  const sockets = new Set<Socket>();
  const server = createServer({ pauseOnConnect: false, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A peer that goes away is no event worth a word; the HTTP servers watch once they have the socket.
    socket.on('error', () => socket.destroy());
    route(socket, plain, secure);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  return {
    host: options.host,
    port,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function route(socket: Socket, plain: HttpServer, secure: HttpServer | undefined): void {
  const impatience = setTimeout(() => socket.destroy(), firstByteMs);
  impatience.unref();
  socket.once('close', () => clearTimeout(impatience));
  socket.once('data', (chunk: Buffer) => {
    clearTimeout(impatience);
    socket.pause();
    socket.unshift(chunk);
    const target = chunk[0] === tlsHandshake ? secure : plain;
    if (!target) {
      socket.destroy();
      return;
    }
    target.emit('connection', socket);
    process.nextTick(() => socket.resume());
  });
}
