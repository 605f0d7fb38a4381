import { parseYamlDocuments, type UnstructuredObject } from '@plinth/apimachinery';
import { checkOutputPath } from './output-path.ts';
import { parseOutput } from './read-output.ts';
import { collectStepOutput, toYaml } from './step-output.ts';
import type { DestinationSelector, Step, WorkflowControl } from './step.ts';

export interface TestStepOptions<R extends UnstructuredObject = UnstructuredObject> {
  readonly object: R;
  readonly env?: Readonly<Record<string, string>>;
  /** What earlier containers of the pipeline wrote: path below the output folder -> text, or what `output` would write as YAML. */
  readonly earlier?: Readonly<Record<string, string | object | readonly object[]>>;
  readonly signal?: AbortSignal;
}

/** What a step did, for an author's assertions. */
export interface StepResult {
  /** Path below the output folder -> text as it is written. */
  readonly files: Readonly<Record<string, string>>;
  /** The YAML documents of one file. */
  readonly documents: (path: string) => readonly unknown[];
  readonly status: Readonly<Record<string, unknown>>;
  readonly destinationSelectors: readonly DestinationSelector[] | undefined;
  readonly workflowControl: WorkflowControl | undefined;
  readonly log: readonly string[];
}

/** Runs a step in memory with the same checks as on the platform. Rejects with what the step throws. */
export async function testStep<R extends UnstructuredObject>(step: Step<R>, options: TestStepOptions<R>): Promise<StepResult> {
  const { sink, collected } = collectStepOutput();
  const log: string[] = [];
  await step({
    object: options.object,
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
    log: (message) => void log.push(message),
    documents: (path) => {
      const content = options.earlier?.[checkOutputPath(path)];
      return content === undefined ? [] : parseOutput(path, typeof content === 'string' ? content : toYaml(content));
    },
    ...sink,
  });
  return {
    files: Object.fromEntries(collected.files),
    documents: (path) => parseYamlDocuments(collected.files.get(path) ?? ''),
    status: collected.status,
    destinationSelectors: collected.destinationSelectors,
    workflowControl: collected.workflowControl,
    log,
  };
}
