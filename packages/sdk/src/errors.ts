/** A step handed over something that cannot be taken: the message names the file or key and says what is wrong with it. */
export class StepOutputError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StepOutputError';
  }
}
