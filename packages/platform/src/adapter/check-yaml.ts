import { parseAllDocuments } from 'yaml';
import { PipelineOutputError } from './errors.ts';

/** Refuses a file that calls itself YAML and is not, or that grows without bound when its aliases are expanded. */
export function checkYaml(path: string, text: string): void {
  const refuse = (cause: string, options?: ErrorOptions): never => {
    throw new PipelineOutputError(`output file ${path} is not valid YAML: ${cause}`, options);
  };
  try {
    for (const document of parseAllDocuments(text, { prettyErrors: true, logLevel: 'silent' })) {
      const [error] = document.errors;
      if (error) refuse(error.message.split('\n', 1)[0]!.replace(/:$/, ''));
      document.toJS({ maxAliasCount: MAX_ALIASES });
    }
  } catch (error) {
    if (error instanceof PipelineOutputError) throw error;
    // A RangeError is the parser's own recursion: nested deeper than any manifest.
    refuse(error instanceof RangeError ? 'nested too deeply' : (error as Error).message, { cause: error });
  }
}

const MAX_ALIASES = 100;
