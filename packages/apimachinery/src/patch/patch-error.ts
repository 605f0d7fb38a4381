/**
 * A patch that cannot be carried out. `malformed`: the patch itself is wrong, whatever it is applied to (an API server
 * answers 400). `inapplicable`: it does not fit this object, for example a `test` that fails (422).
 */
export class PatchError extends Error {
  readonly kind: 'malformed' | 'inapplicable';

  constructor(kind: 'malformed' | 'inapplicable', message: string) {
    super(message);
    this.name = 'PatchError';
    this.kind = kind;
  }
}

export const isPatchError = (error: unknown): error is PatchError => error instanceof PatchError;
