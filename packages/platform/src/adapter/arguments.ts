import type { WorkflowType } from '../workflow/pipeline.ts';

/** What the pipeline adapter is asked to do: one of the three containers that the platform adds to a pipeline. */
export type AdapterCommand =
  | { readonly command: 'reader' }
  | { readonly command: 'work-creator'; readonly work: WorkWriterArguments }
  | { readonly command: 'update-status' };

export interface WorkWriterArguments {
  readonly inputDirectory: string;
  readonly promiseName: string;
  readonly pipelineName: string;
  readonly namespace: string;
  readonly workflowType: WorkflowType;
  readonly resourceName?: string;
  readonly resourceNamespace?: string;
  /** From the environment: the Work is only to be looked at. */
  readonly isDryRun?: boolean;
  /** From the environment: annotations with which the trace goes on in the Work. */
  readonly trace?: Readonly<Record<string, string>>;
  /** Ours: the Job that runs this, noted on the Work. */
  readonly jobName?: string;
}

/** Parses the arguments of `/bin/pipeline-adapter`. Throws with the argument that is wrong. */
export function parseAdapterArguments(args: readonly string[]): AdapterCommand {
  const [command, ...rest] = args;
  switch (command) {
    case 'reader':
    case 'update-status':
      return { command };
    case 'work-creator':
      return { command, work: parseWorkWriter(rest) };
    default:
      throw new Error(`pipeline-adapter: unknown command ${JSON.stringify(command ?? '')}; known are reader, work-creator, update-status`);
  }
}

function parseWorkWriter(args: readonly string[]): WorkWriterArguments {
  const flags = new Map<string, string>();
  for (let index = 0; index < args.length; index += 1) {
    const [flag, inline] = args[index]!.split(/=(.*)/s, 2);
    if (!flag!.startsWith('--')) throw new Error(`work-creator: unexpected argument ${JSON.stringify(flag)}`);
    const value = inline ?? args[(index += 1)];
    if (value === undefined) throw new Error(`work-creator: ${flag} has no value`);
    flags.set(flag!.slice(2), value);
  }
  const required = (name: string): string => {
    const value = flags.get(name);
    if (!value) throw new Error(`work-creator: --${name} is required`);
    return value;
  };
  const workflowType = required('workflow-type');
  if (workflowType !== 'promise' && workflowType !== 'resource') throw new Error(`work-creator: --workflow-type is ${JSON.stringify(workflowType)}; known are promise, resource`);
  const optional = (name: string, key: string): Record<string, string> => (flags.get(name) ? { [key]: flags.get(name)! } : {});
  return {
    inputDirectory: required('input-directory'),
    promiseName: required('promise-name'),
    pipelineName: required('pipeline-name'),
    namespace: required('namespace'),
    workflowType,
    ...optional('resource-name', 'resourceName'),
    ...optional('resource-namespace', 'resourceNamespace'),
    ...optional('job-name', 'jobName'),
  };
}
