/**
 * The main module of a worker thread that runs steps, one at a time. What a step prints, by whatever means, goes to its
 * container's log; `process.exit` ends the thread and with it this container only.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromStepWorker, RunStepModule, StepWorkerData, ToStepWorker } from './step-host.ts';

const port = parentPort!;
const { host, preload } = workerData as StepWorkerData;
const post = (message: FromStepWorker): void => port.postMessage(message);
const log = (text: string): void => post({ type: 'log', text });
let running: AbortController | undefined;

capture(process.stdout);
capture(process.stderr);
const loaded = import(host) as Promise<{ readonly runStepModule?: RunStepModule }>;
await Promise.all([loaded, ...preload.map((module) => import(module).catch(() => undefined))]);

port.on('message', (message: ToStepWorker) => {
  if (message.type === 'abort') running?.abort();
  else void run(message);
});

async function run(message: Extract<ToStepWorker, { type: 'run' }>): Promise<void> {
  const { type: _, ...request } = message;
  running = new AbortController();
  const resources = process.getActiveResourcesInfo().length;
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, request.env);
  try {
    const { runStepModule } = await loaded;
    if (!runStepModule) throw new Error(`${host} does not export runStepModule`);
    const exitCode = (await runStepModule({ ...request, log: (text) => log(text.endsWith('\n') ? text : `${text}\n`), signal: running.signal })) ?? 0;
    post({ type: 'end', exitCode, retire: process.getActiveResourcesInfo().length > resources });
  } catch (error) {
    log(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    post({ type: 'end', exitCode: 1, message: describe(error), retire: process.getActiveResourcesInfo().length > resources });
  } finally {
    running = undefined;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function capture(stream: NodeJS.WriteStream): void {
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, callback?: unknown) => {
    log(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof done === 'function') queueMicrotask(() => (done as () => void)());
    return true;
  }) as typeof stream.write;
}
