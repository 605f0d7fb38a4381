import { CommanderError } from 'commander';
import { exitCodes, UserError } from '../errors.ts';

/** Says what went wrong in words, sets the exit code, and shows no stack trace (PLINTH_DEBUG=1 does). */
export function reportFailure(error: unknown): void {
  if (error instanceof CommanderError) {
    // Commander has printed its message; help and version come this way too, with exit code 0.
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
  console.error(`plinth: ${message}`);
  if (hint) console.error(`  what to do: ${hint}`);
  if (process.env['PLINTH_DEBUG']) console.error(error);
  process.exitCode = error instanceof UserError ? error.exitCode : exitCodes.failed;
}
