/** The output of a pipeline cannot be taken. The message names the file and the cause; it ends up in the condition. */
export class PipelineOutputError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PipelineOutputError';
  }
}
