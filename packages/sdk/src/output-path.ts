import { StepOutputError } from './errors.ts';
import { STEP_LIMITS } from './limits.ts';

/**
 * Checks a path that an author gave for a file below the output folder, and returns it with `.` and doubled slashes
 * taken out. Paths become paths in a git repository, so what git refuses is refused here.
 */
export function checkOutputPath(path: string): string {
  const refuse = (why: string): never => {
    throw new StepOutputError(`cannot write output file ${JSON.stringify(path.slice(0, STEP_LIMITS.pathLength))}: ${why}`);
  };
  if (path.length > STEP_LIMITS.pathLength) refuse(`the path is longer than ${STEP_LIMITS.pathLength} characters`);
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) refuse('the path is absolute; it must be relative to the output folder');
  if (/[\p{Cc}\\]/u.test(path)) refuse('the path contains a control character or a backslash');
  if (path.endsWith('/')) refuse('the path names a folder');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0) refuse('the path is empty');
  for (const part of parts) {
    if (part === '..') refuse('the path leaves the output folder');
    if (part.toLowerCase() === '.git') refuse('a part of the path is .git');
  }
  return parts.join('/');
}
