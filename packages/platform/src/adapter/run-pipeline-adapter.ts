import type { Client } from '@plinth/client';
import { ANNOTATIONS } from '../naming/labels.ts';
import { parseAdapterArguments } from './arguments.ts';
import { DRY_RUN, readObject } from './reader.ts';
import { writeStatus } from './status-writer.ts';
import { writeWork } from './work-writer.ts';

export interface PipelineAdapterOptions {
  /** `reader`, `work-creator ...` or `update-status`: the container's arguments. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Mount path in the container -> folder of this machine. */
  readonly mounts: ReadonlyMap<string, string>;
  /** Acts as the pod's service account. */
  readonly client: Client;
  readonly log: (text: string) => void;
  readonly signal: AbortSignal;
  /** In ms; the machine's clock when absent. */
  readonly now?: () => number;
}

/** What the three containers are given. */
export interface AdapterContext extends Pick<PipelineAdapterOptions, 'env' | 'client' | 'log' | 'signal'> {
  /** The folder of this machine that a path in the container is. */
  readonly path: (containerPath: string) => string;
  readonly now: () => number;
}

/**
 * The program of the image `plinth/pipeline-adapter:v1`: the containers with which the platform surrounds an author's.
 * Resolves with the container's exit code; what went wrong stands in the log, whose end becomes the termination message.
 */
export async function runPipelineAdapter(options: PipelineAdapterOptions): Promise<number> {
  const { args, env, mounts, client, log, signal, now = Date.now } = options;
  const path = (containerPath: string): string => {
    const folder = mounts.get(containerPath);
    if (folder === undefined) throw new Error(`the container has no volume at ${containerPath}`);
    return folder;
  };
  const context: AdapterContext = { env, client, log, signal, path, now };
  try {
    signal.throwIfAborted();
    const parsed = parseAdapterArguments(args);
    switch (parsed.command) {
      case 'reader':
        await readObject(context);
        break;
      case 'work-creator':
        await writeWork({ ...parsed.work, isDryRun: env[DRY_RUN] === 'true', trace: traceFrom(env) }, context);
        break;
      case 'update-status':
        await writeStatus(context);
        break;
      default:
        parsed satisfies never;
    }
    return 0;
  } catch (error) {
    log(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

/** What the kubelet puts there from the pod's annotations; empty without a trace. */
function traceFrom({ KRATIX_TRACE_PARENT: parent, KRATIX_TRACE_STATE: state }: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return parent ? { [ANNOTATIONS.traceParent]: parent, ...(state ? { [ANNOTATIONS.traceState]: state } : {}) } : {};
}
