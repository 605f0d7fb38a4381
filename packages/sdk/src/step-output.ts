import { printYaml } from '@plinth/apimachinery';
import { StepOutputError } from './errors.ts';
import { STEP_LIMITS } from './limits.ts';
import { checkOutputPath } from './output-path.ts';
import type { DestinationSelector, StepContext, WorkflowControl } from './step.ts';

/** What a step handed over, checked, in memory. */
export interface StepOutput {
  /** Path below the output folder -> text. */
  readonly files: ReadonlyMap<string, string>;
  readonly status: Readonly<Record<string, unknown>>;
  readonly destinationSelectors: readonly DestinationSelector[] | undefined;
  readonly workflowControl: WorkflowControl | undefined;
}

export type StepSink = Pick<StepContext, 'output' | 'status' | 'destinationSelectors' | 'workflowControl'>;

/** The functions that a step calls, and what they gathered. Nothing reaches a disk from here. */
export function collectStepOutput(): { readonly sink: StepSink; readonly collected: StepOutput } {
  const files = new Map<string, string>();
  const status: Record<string, unknown> = {};
  let totalBytes = 0;
  let destinationSelectors: readonly DestinationSelector[] | undefined;
  let workflowControl: WorkflowControl | undefined;

  const sink: StepSink = {
    output(path, content) {
      const clean = checkOutputPath(path);
      if (files.has(clean)) throw new StepOutputError(`cannot write output file ${JSON.stringify(clean)}: it was written already`);
      if (files.size >= STEP_LIMITS.files) throw new StepOutputError(`cannot write output file ${JSON.stringify(clean)}: a step may write ${STEP_LIMITS.files} files`);
      const text = typeof content === 'string' ? content : toYaml(content);
      const bytes = Buffer.byteLength(text);
      if (bytes > STEP_LIMITS.fileBytes) throw new StepOutputError(`cannot write output file ${JSON.stringify(clean)}: ${bytes} bytes are more than ${STEP_LIMITS.fileBytes}`);
      totalBytes += bytes;
      if (totalBytes > STEP_LIMITS.totalBytes) throw new StepOutputError(`cannot write output file ${JSON.stringify(clean)}: the step's output is larger than ${STEP_LIMITS.totalBytes} bytes`);
      files.set(clean, text);
    },
    status(fields) {
      if (Object.hasOwn(fields, 'kratix')) throw new StepOutputError('cannot set status: the key "kratix" belongs to the platform');
      const bytes = Buffer.byteLength(JSON.stringify({ ...status, ...fields }));
      if (bytes > STEP_LIMITS.statusBytes) throw new StepOutputError(`cannot set status: ${bytes} bytes are more than ${STEP_LIMITS.statusBytes}`);
      Object.assign(status, fields);
    },
    destinationSelectors(selectors) {
      for (const { directory, matchLabels } of selectors) {
        const subject = `destination selector for ${directory ? JSON.stringify(directory) : 'the output folder'}`;
        if (directory !== undefined && /[/\\]|^\.\.$/.test(directory)) throw new StepOutputError(`cannot set ${subject}: the directory must be a single path element`);
        if (Object.keys(matchLabels).length === 0) throw new StepOutputError(`cannot set ${subject}: matchLabels must not be empty`);
      }
      destinationSelectors = selectors;
    },
    workflowControl(control) {
      workflowControl = control;
    },
  };
  return {
    sink,
    collected: {
      files,
      status,
      get destinationSelectors() {
        return destinationSelectors;
      },
      get workflowControl() {
        return workflowControl;
      },
    },
  };
}

/**
 * One document, or several from an array. Strings that YAML 1.1 reads as something else (`on`, `1_000`) are quoted,
 * because Kubernetes' tools read YAML 1.1.
 */
export function toYaml(content: object | readonly object[]): string {
  const documents: readonly unknown[] = Array.isArray(content) ? content : [content];
  return documents.map((document) => printYaml(document)).join('---\n');
}
