import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { UserError } from '../errors.ts';
import type { Installation, UnitName } from './data-dir.ts';
import { unitNames } from './data-dir.ts';

/**
 * What keeps another Plinth, started at the same moment, from choosing the same ports and addresses in the time between
 * choosing and using them: sockets on loopback addresses that nobody else uses. Outside Linux there is 127.0.0.1 only;
 * there nothing is reserved.
 */
export class Reservations implements AsyncDisposable {
  readonly #held: Server[] = [];

  /** False when another Plinth has the port in its mind. */
  holdPort(port: number): Promise<boolean> {
    return this.#hold('127.255.255.254', port);
  }

  /** False when another Plinth has the block in its mind. */
  holdBlock(block: number): Promise<boolean> {
    return this.#hold(`127.${block}.255.253`, guardPort);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#held.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }

  async #hold(host: string, port: number): Promise<boolean> {
    if (process.platform !== 'linux') return true;
    const server = await listen(host, port);
    if (server) this.#held.push(server);
    return server !== undefined;
  }
}

const preferredPorts = { platform: 16_443, worker: 16_444, git: 31_443, ingress: 31_338 } as const;
const portNames = [...unitNames, 'ingress'] as const satisfies readonly (UnitName | 'ingress')[];

/** The ports of last time or the preferred ones where they are free, else the next free ones above; reserved. */
export async function choosePorts(previous: Installation['ports'] | undefined, isFree: (port: number) => Promise<boolean>): Promise<Required<Installation['ports']>> {
  const chosen: Partial<Record<(typeof portNames)[number], number>> = {};
  const taken = new Set<number>();
  for (const name of portNames) {
    const first = previous?.[name] ?? preferredPorts[name];
    let port = first;
    while (taken.has(port) || !(await isFree(port))) {
      port += 1;
      if (port > first + 500 || port > 65_535) {
        throw new UserError(`no free port for ${name} from ${first} to ${port - 1} on 127.0.0.1`, { hint: 'stop something that listens there' });
      }
    }
    taken.add(port);
    chosen[name] = port;
  }
  return chosen as Required<Installation['ports']>;
}

/** Two loopback blocks that nobody uses now. */
export async function chooseBlocks(isFree: (block: number) => Promise<boolean>, random: () => number = () => randomInt(2, 250)): Promise<Installation['blocks']> {
  const chosen: number[] = [];
  for (let attempt = 0; attempt < 200 && chosen.length < 2; attempt++) {
    const block = random();
    if (!chosen.includes(block) && (await isFree(block))) chosen.push(block);
  }
  const [platform, worker] = chosen;
  if (platform === undefined || worker === undefined) throw new UserError('found no free block of loopback addresses (127.2.0.0 to 127.249.0.0)');
  return { platform, worker };
}

/** Nobody listens on the port, and no other Plinth is about to. */
export const freePort = (reservations: Reservations) => async (port: number): Promise<boolean> => (await canListen('127.0.0.1', port)) && reservations.holdPort(port);

/** Nobody uses the block, and no other Plinth is about to. */
export const freeBlock = (reservations: Reservations) => async (block: number): Promise<boolean> =>
  process.platform !== 'linux' || ((await canListen(blockGuardAddress(block), guardPort)) && reservations.holdBlock(block));

/** Whoever uses a block listens here, so that another Plinth sees it. */
export const guardPort = 16_443;
export const blockGuardAddress = (block: number): string => `127.${block}.255.254`;

async function canListen(host: string, port: number): Promise<boolean> {
  const server = await listen(host, port);
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  return server !== undefined;
}

function listen(host: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ host, port, exclusive: true }, () => resolve(server.unref()));
  });
}
