import type { UnstructuredObject } from '@plinth/apimachinery';

/** What a pipeline step is given. The files behind it are Kratix's: `/kratix/input`, `/kratix/output`, `/kratix/metadata`. */
export interface StepContext<R extends UnstructuredObject = UnstructuredObject> {
  /** `/kratix/input/object.yaml`: the request, or the Promise in a promise workflow. */
  readonly object: R;
  readonly env: Readonly<Record<string, string>>;
  /** Adds one file below `/kratix/output`. A string is written as it is, any other value (or array: documents) as YAML. */
  readonly output: (path: string, content: string | object | readonly object[]) => void;
  /** Merged (top-level keys replaced) into `/kratix/metadata/status.yaml`. */
  readonly status: (fields: Readonly<Record<string, unknown>>) => void;
  /** Writes `/kratix/metadata/destination-selectors.yaml`. */
  readonly destinationSelectors: (selectors: readonly { readonly directory?: string; readonly matchLabels: Readonly<Record<string, string>> }[]) => void;
  /** Writes `/kratix/metadata/workflow-control.yaml`. */
  readonly workflowControl: (control: { readonly suspend?: boolean; readonly message?: string; readonly retryAfter?: string }) => void;
  /** Prints a line to the container's log. */
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

export type Step<R extends UnstructuredObject = UnstructuredObject> = (context: StepContext<R>) => void | Promise<void>;
