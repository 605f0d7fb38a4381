import { createServer, type AddressInfo } from 'node:net';

/** A loopback address with a port that nobody listens on right now. */
export async function freeAddress(host = '127.0.0.1'): Promise<{ host: string; port: number }> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, host, resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return { host, port };
}
