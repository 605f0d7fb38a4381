import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { Installation, UnitName } from './data-dir.ts';
import { unitNames } from './data-dir.ts';

const preferredPorts: Readonly<Record<UnitName, number>> = { platform: 16_443, worker: 16_444, git: 31_443 };

/** The ports of last time or the preferred ones where they are free, else the next free ones above. */
export async function choosePorts(previous: Installation['ports'] | undefined, isFree = portIsFree): Promise<Installation['ports']> {
  const chosen: Partial<Record<UnitName, number>> = {};
  const taken = new Set<number>();
  for (const name of unitNames) {
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
  return chosen as Installation['ports'];
}

/** Two loopback blocks that nobody uses now. Outside Linux only 127.0.0.1 can be bound, and the blocks go unused. */
export async function chooseBlocks(random: () => number = () => randomInt(2, 250)): Promise<Installation['blocks']> {
  const chosen: number[] = [];
  for (let attempt = 0; attempt < 100 && chosen.length < 2; attempt++) {
    const block = random();
    if (!chosen.includes(block) && (process.platform !== 'linux' || (await canListen(`127.${block}.255.254`, blockPort)))) chosen.push(block);
  }
  const [platform, worker] = chosen;
  if (platform === undefined || worker === undefined) throw new UserError('found no free block of loopback addresses (127.2.0.0 to 127.249.0.0)');
  return { platform, worker };
}

/** Whoever uses a block listens here, so that another Plinth sees it. */
export const blockPort = 1_6443;
export const blockGuardAddress = (block: number): string => `127.${block}.255.254`;

const portIsFree = (port: number): Promise<boolean> => canListen('127.0.0.1', port);

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
