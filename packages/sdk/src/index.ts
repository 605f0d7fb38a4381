/**
 * What a Promise author imports to write a pipeline step and to test it. The files between steps and platform are
 * Kratix's, so a step may stand in one pipeline with containers that know nothing of this package.
 */
export type { DestinationSelector, Step, StepContext, WorkflowControl } from './step.ts';
export { defineStep } from './define-step.ts';
export { runStep, readStepObject, type RunStepOptions } from './run-step.ts';
export { testStep, type StepResult, type TestStepOptions } from './test-step.ts';
export { StepOutputError } from './errors.ts';
export { STEP_LIMITS } from './limits.ts';
