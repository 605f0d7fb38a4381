/** Exit codes of the `plinth` command. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, notRunning: 3, dataDirUnusable: 4 } as const;

/** A failure that a person at the terminal can act on: what was tried and found, and what to do next. */
export class UserError extends Error {
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(message: string, options: { hint?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'UserError';
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodes.failed;
  }
}
