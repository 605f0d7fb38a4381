import type { UnstructuredObject } from '@plinth/apimachinery';
import type { Step } from './step.ts';

/**
 * Marks a function as a step and gives its parameter a type: `export default defineStep<PostgresRequest>(({ object,
 * output }) => ...)`. A module that an image of the runtime *step* names has its step as default export.
 */
export function defineStep<R extends UnstructuredObject = UnstructuredObject>(step: Step<R>): Step<R> {
  return step;
}
