import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A program that a step may call where the machine has none of that name. */
export interface StepTool {
  readonly name: string;
  /** The module that is the program, for Node.js to run: its place below the folder that it is given, `root`. */
  readonly main: string;
  /** What must be seen for it to run: files and folders of this machine, each with its place below `root`. */
  readonly needs: readonly { readonly source: string; readonly at: string }[];
}

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** Where an installed package lies. */
function packageFolder(name: string): string {
  const entry = require.resolve(name);
  return entry.slice(0, entry.lastIndexOf(join('node_modules', name))) + join('node_modules', name);
}

const tool = (name: string, library: string): StepTool => ({
  name,
  main: `src/${name}/main.ts`,
  needs: [
    { source: join(here, '..', 'package.json'), at: 'package.json' },
    { source: here, at: 'src' },
    { source: packageFolder(library), at: `node_modules/${library}` },
  ],
});

/** `yq` as far as version 4's language is known here, and `jq`, for machines that have neither. */
export const STEP_TOOLS: readonly StepTool[] = [tool('yq', 'yaml'), tool('jq', 'jq-wasm')];
