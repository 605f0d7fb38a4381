/**
 * What the module at `stepHost` exports as `runStepModule`: it runs one step in the worker thread that it was loaded
 * into. The room of steps (`packages/sdk`) is not known here; the application that puts both together offers this.
 *
 * A throw ends the container with exit code 1 and the stack in its log; a number is the exit code.
 */
export type RunStepModule = (request: StepHostRequest) => Promise<number | void> | number | void;

export interface StepHostRequest {
  /** URL of the step's module. */
  readonly module: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** Mount path in the container -> path on this machine. */
  readonly mounts: Readonly<Record<string, string>>;
  readonly log: (text: string) => void;
  readonly signal: AbortSignal;
}

export type ToStepWorker =
  | ({ readonly type: 'run' } & Omit<StepHostRequest, 'log' | 'signal'>)
  | { readonly type: 'abort' };

export type FromStepWorker =
  | { readonly type: 'log'; readonly text: string }
  /** `retire`: the step left something running behind; the worker must not be used again. */
  | { readonly type: 'end'; readonly exitCode: number; readonly message?: string; readonly retire: boolean };

export interface StepWorkerData {
  readonly host: string;
  /** Modules to load before the first run. */
  readonly preload: readonly string[];
}
