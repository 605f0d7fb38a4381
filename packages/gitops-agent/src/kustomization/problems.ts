import type { ApplyFailure } from '@plinth/api';
import type { DesiredObject } from './build.ts';

/** What is to be said of an object that could not be applied. */
export const failureOf = ({ object, path }: DesiredObject, message: string): ApplyFailure => ({
  path,
  apiVersion: object.apiVersion,
  kind: object.kind,
  ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
  name: object.metadata.name,
  message,
});

const MAX_LISTED = 20;

/** One problem as Flux words it; several with how much did go well. */
export function problemMessage(problems: readonly string[], applied: number): string {
  if (problems.length === 1 && problems[0] !== undefined) return problems[0];
  const rest = problems.length > MAX_LISTED ? `\nand ${problems.length - MAX_LISTED} more` : '';
  return `${problems.length} problems, ${applied} objects are as they should be:\n${problems.slice(0, MAX_LISTED).join('\n')}${rest}`;
}
