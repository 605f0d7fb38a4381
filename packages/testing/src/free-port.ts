import { createServer, type AddressInfo } from 'node:net';

/**
 * A port that nobody listened on a moment ago. Only for what cannot be told to listen on port 0 and say where: between
 * this and its use another process may take it.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
