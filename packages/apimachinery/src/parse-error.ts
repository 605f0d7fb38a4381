/**
 * A text from outside that is not what it claims to be: a selector, a quantity, a path, YAML. The message is whole and
 * fit for a user; an API server answers it with `badRequest(error.message)`.
 */
export class ParseError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ParseError';
  }
}

export const isParseError = (error: unknown): error is ParseError => error instanceof ParseError;
