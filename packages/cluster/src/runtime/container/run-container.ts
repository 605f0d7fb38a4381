import type { Clock } from '@plinth/controller-runtime';
import { EXIT_KILLED, type ContainerExit, type RunningContainer } from '../container-runtime.ts';
import { NODE_LABEL, type EngineContainer } from './container-config.ts';
import { EngineError, expectCall, type EngineApi } from './engine-api.ts';
import { readOutputFrames } from './output-frames.ts';

export interface ContainerRun {
  readonly api: EngineApi;
  readonly name: string;
  readonly config: EngineContainer;
  readonly log: (text: string) => void;
  readonly clock: Clock;
}

/**
 * Makes, starts and follows a container, and removes it when it has ended. One of the same name that a crash left behind
 * is replaced.
 *
 * Errors: `EngineError` when the engine does not make or start it.
 */
export async function runContainer({ api, name, config, log, clock }: ContainerRun): Promise<RunningContainer> {
  const id = await create(api, name, config);
  const path = `/containers/${id}`;
  const remove = (): Promise<unknown> => api.call({ method: 'DELETE', path, query: { force: 'true', v: 'true' } }).catch(() => {});
  try {
    await expectCall(api, { method: 'POST', path: `${path}/start` });
  } catch (error) {
    await remove();
    throw error;
  }
  let killed = false;
  let cancelKill = (): void => {};
  const kill = (signal: string): Promise<unknown> => api.call({ method: 'POST', path: `${path}/kill`, query: { signal } }).catch(() => {});
  const follow = async (): Promise<ContainerExit> => {
    try {
      const output = await api.stream({ method: 'GET', path: `${path}/logs`, query: { follow: '1', stdout: '1', stderr: '1' } });
      // The output may break off before anybody waits for its end.
      const printed = readOutputFrames(output, log).catch(() => {});
      const waited = await expectCall(api, { method: 'POST', path: `${path}/wait` });
      // The log ends with the container; Podman without a record of events does not notice.
      const cancelCut = clock.setTimeout(() => output.destroy(), LOG_END_MS);
      await printed;
      cancelCut();
      const exitCode = (waited.body as { readonly StatusCode?: number }).StatusCode ?? EXIT_KILLED;
      if (killed && exitCode === EXIT_KILLED) return { exitCode, signal: 9 };
      const state = await api.call({ method: 'GET', path: `${path}/json` });
      const isOutOfMemory = (state.body as { readonly State?: { readonly OOMKilled?: boolean } } | undefined)?.State?.OOMKilled ?? false;
      return { exitCode, ...(isOutOfMemory ? { reason: 'OOMKilled' } : {}) };
    } catch (error) {
      return { exitCode: EXIT_KILLED, reason: 'ContainerStatusUnknown', message: `the container engine lost the container: ${(error as Error).message}` };
    } finally {
      cancelKill();
      await remove();
    }
  };
  return {
    ended: follow(),
    stop: ({ graceMs }) => {
      cancelKill();
      void kill('SIGTERM');
      cancelKill = clock.setTimeout(() => {
        killed = true;
        void kill('SIGKILL');
      }, graceMs);
    },
    exec: (command, timeoutMs) => execIn(api, path, command, timeoutMs),
  };
}

/** From the end of a container to the end of its log. */
const LOG_END_MS = 2000;

async function create(api: EngineApi, name: string, config: EngineContainer): Promise<string> {
  const asked = { method: 'POST', path: '/containers/create', query: { name }, body: config } as const;
  let made = await expectCall(api, asked, [409]);
  if (made.status === 409) {
    await expectCall(api, { method: 'DELETE', path: `/containers/${name}`, query: { force: 'true', v: 'true' } }, [404]);
    made = await expectCall(api, asked);
  }
  const id = (made.body as { readonly Id?: string } | undefined)?.Id;
  if (!id) throw new EngineError(made.status, `the container engine made ${name} without telling its id`);
  return id;
}

async function execIn(api: EngineApi, path: string, command: readonly string[], timeoutMs: number): Promise<{ readonly exitCode: number; readonly output: string }> {
  let output = '';
  try {
    const made = await expectCall(api, { method: 'POST', path: `${path}/exec`, body: { Cmd: command, AttachStdout: true, AttachStderr: true } });
    const exec = `/exec/${(made.body as { readonly Id: string }).Id}`;
    const stream = await api.stream({ method: 'POST', path: `${exec}/start`, body: { Detach: false, Tty: false }, signal: AbortSignal.timeout(timeoutMs) });
    await readOutputFrames(stream, (text) => {
      if (output.length < MAX_EXEC_OUTPUT) output += text;
    });
    const { body } = await expectCall(api, { method: 'GET', path: `${exec}/json` });
    return { exitCode: (body as { readonly ExitCode?: number }).ExitCode ?? EXIT_KILLED, output };
  } catch (error) {
    return { exitCode: EXIT_KILLED, output: output || (error as Error).message };
  }
}

const MAX_EXEC_OUTPUT = 10_240;

/** Removes what a node that ended without a word left running: its pods start their containers anew. */
export async function removeLeftContainers(api: EngineApi, nodeId: string): Promise<void> {
  const filters = JSON.stringify({ label: [`${NODE_LABEL}=${nodeId}`] });
  const { body } = await expectCall(api, { method: 'GET', path: '/containers/json', query: { all: 'true', filters } });
  await Promise.all((body as readonly { readonly Id: string }[]).map(({ Id }) => api.call({ method: 'DELETE', path: `/containers/${Id}`, query: { force: 'true', v: 'true' } })));
}
