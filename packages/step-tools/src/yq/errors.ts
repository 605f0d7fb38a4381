/** An expression, an option or a document that this yq cannot deal with. What it says goes to stderr, with exit code 1. */
export class YqError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'YqError';
  }
}

/** What a person can do who needs the real program. */
export const REMEDY = 'this is Plinth\'s own yq, which knows a part of yq 4; install yq 4 (https://github.com/mikefarah/yq), or put it into bin in Plinth\'s data directory';

/** Nothing is guessed: what is not understood is refused, with its place. */
export function notUnderstood(what: string, expression?: { readonly text: string; readonly at: number }): YqError {
  const place = expression ? ` at character ${expression.at + 1} of '${expression.text}'` : '';
  return new YqError(`${what} is not understood${place}; ${REMEDY}`);
}
