import type { UnstructuredObject } from '@plinth/apimachinery';

/** One entry of `/kratix/metadata/destination-selectors.yaml`: where a directory of the output, or all of it, is to go. */
export interface DestinationSelector {
  /** One path element below `/kratix/output`; absent: everything that no other entry names. */
  readonly directory?: string;
  readonly matchLabels: Readonly<Record<string, string>>;
}

/** `/kratix/metadata/workflow-control.yaml`: stops the workflow after this pipeline, for good or for a while. */
export interface WorkflowControl {
  readonly suspend?: boolean;
  /** Shown in the object's status. */
  readonly message?: string;
  /** Run the pipeline again after this long: a Go duration such as `90s` or `1h30m` (there is no unit for days). */
  readonly retryAfter?: string;
}

/** What a pipeline step is given. The files behind it are Kratix's: `/kratix/input`, `/kratix/output`, `/kratix/metadata`. */
export interface StepContext<R extends UnstructuredObject = UnstructuredObject> {
  /** `/kratix/input/object.yaml`: the request, or the Promise in a promise workflow. */
  readonly object: R;
  readonly env: Readonly<Record<string, string>>;
  /**
   * Adds one file below `/kratix/output`. A string is written as it is, any other value (or array: documents) as YAML.
   *
   * Errors: a path that is absolute, leaves the folder, or is written twice, and output beyond `STEP_LIMITS`, throw a
   * `StepOutputError`; nothing is written then.
   */
  readonly output: (path: string, content: string | object | readonly object[]) => void;
  /**
   * The YAML documents of a file that an earlier container of this pipeline wrote below `/kratix/output`; empty when there is
   * none. Written again with `output`, the file is replaced: this is how a step adds to what another one made.
   */
  readonly documents: (path: string) => readonly UnstructuredObject[];
  /** Merged (top-level keys replaced) into `/kratix/metadata/status.yaml`. The key `kratix` belongs to the platform. */
  readonly status: (fields: Readonly<Record<string, unknown>>) => void;
  /** Writes `/kratix/metadata/destination-selectors.yaml`. */
  readonly destinationSelectors: (selectors: readonly DestinationSelector[]) => void;
  /** Writes `/kratix/metadata/workflow-control.yaml`. */
  readonly workflowControl: (control: WorkflowControl) => void;
  /** Prints a line to the container's log. */
  readonly log: (message: string) => void;
  /** Aborted when the container is to stop. */
  readonly signal: AbortSignal;
}

/**
 * A pipeline step. It may be run more than once for the same request (a changed Promise, a restarted container), so it
 * describes what should be and never assumes that it is the first. A throw fails the container.
 */
export type Step<R extends UnstructuredObject = UnstructuredObject> = (context: StepContext<R>) => void | Promise<void>;
