import { lstatSync } from 'node:fs';
import { createEngineApi, expectCall, type EngineApi } from './engine-api.ts';

/** The container engine of this machine, looked for when it is needed: it may be started after Plinth. */
export interface EngineFinder {
  /** Undefined: none answers. `why` then says where was looked. */
  find(): Promise<EngineApi | undefined>;
  readonly why: () => string;
}

/**
 * Looks for an engine at the sockets, in order, and takes the first that answers. One that was found and answers no more is
 * looked for again. `found` runs once for each engine before it is used.
 */
export function createEngineFinder(sockets: readonly string[], found: (api: EngineApi) => Promise<void> = async () => {}): EngineFinder {
  let current: EngineApi | undefined;
  let looking: Promise<EngineApi | undefined> | undefined;
  let why = 'no place to look for a container engine is set';
  const look = async (): Promise<EngineApi | undefined> => {
    if (current && (await answers(current)) === undefined) return current;
    current = undefined;
    const problems: string[] = [];
    for (const socket of sockets) {
      const api = createEngineApi(socket);
      const problem = isSocket(socket) ? await answers(api) : 'is not there';
      if (problem === undefined) {
        await found(api);
        return (current = api);
      }
      problems.push(`${socket} ${problem}`);
    }
    if (problems.length > 0) why = problems.join(', ');
    return undefined;
  };
  return {
    find: () => (looking ??= look().finally(() => (looking = undefined))),
    why: () => why,
  };
}

async function answers(api: EngineApi): Promise<string | undefined> {
  try {
    await expectCall(api, { method: 'GET', path: '/_ping', signal: AbortSignal.timeout(PING_MS) });
    return undefined;
  } catch (error) {
    return `does not answer (${(error as Error).message})`;
  }
}

const PING_MS = 3000;

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
