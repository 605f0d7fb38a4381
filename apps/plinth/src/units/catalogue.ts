import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CatalogueEntry, HostImage, ImageCatalogue } from '@plinth/cluster';
import type { DataDir } from '../config/data-dir.ts';
import { matchesImage } from './image-pattern.ts';
import { parseCatalogue, type ParsedCatalogue } from './parse-catalogue.ts';

/**
 * What this installation runs for an image: what ships with Plinth under that very name; then what `catalogue.json` in the
 * data directory says; then `defaults`, patterns that a team may overrule there. The file is the platform team's own:
 *
 * ```json
 * { "images": { "example.org/my-step:v1": { "step": "/srv/promises/my-step.ts" },
 *               "example.org/tools:*": { "host": true },
 *               "example.org/redis:*": { "host": true, "dockerfile": "/srv/promises/redis/Dockerfile" },
 *               "example.org/jenkins:*": { "host": true, "files": "/srv/promises/jenkins/root", "command": ["/scripts/run"] },
 *               "ghcr.io/syntasso/kratix-pipeline-utility:*": { "container": true } } }
 * ```
 *
 * It is read again when it has changed; one that cannot be read counts as absent and is reported, also to who asks for an
 * image that nothing else knows. Folders and Dockerfiles that it names are looked at when it is read.
 */
export function createCatalogue(
  layout: Pick<DataDir, 'root'>,
  { builtIn, defaults }: { readonly builtIn: ReadonlyMap<string, CatalogueEntry>; readonly defaults?: ReadonlyMap<string, CatalogueEntry> },
  report: (problem: string) => void,
): ImageCatalogue {
  const file = join(layout.root, 'catalogue.json');
  let read: { readonly mtimeMs: number; readonly catalogue: ParsedCatalogue } | undefined;
  const own = (): ParsedCatalogue => {
    if (!existsSync(file)) return { entries: [], problems: [] };
    const { mtimeMs } = statSync(file);
    if (read?.mtimeMs !== mtimeMs) {
      const catalogue = readCatalogue(file);
      for (const problem of catalogue.problems) report(`${file}: ${problem}`);
      read = { mtimeMs, catalogue };
    }
    return read.catalogue;
  };
  return (image) => {
    const shipped = builtIn.get(image);
    if (shipped) return shipped;
    const { entries, problems, isBroken } = own();
    const found = [...entries, ...(defaults ?? [])].find(([pattern]) => matchesImage(pattern, image))?.[1];
    return found ?? (isBroken ? { runtime: 'container', note: `catalogue.json ${problems.join(', ')}` } : undefined);
  };
}

function readCatalogue(file: string): ParsedCatalogue {
  try {
    return parseCatalogue(readFileSync(file, 'utf8'));
  } catch (error) {
    return { entries: [], problems: [`cannot be read: ${(error as Error).message}`], isBroken: true };
  }
}

const shell = (image: HostImage): CatalogueEntry => ({ runtime: 'host', image, withoutEngineOnly: true });

/**
 * Images of shells and their tools, as far as this machine can stand in for them: the pipeline utility always, which takes
 * milliseconds instead of a container's seconds; plain images where there is no engine that could run them. See decision 0116.
 */
export const SHELL_IMAGES: ReadonlyMap<string, CatalogueEntry> = new Map<string, CatalogueEntry>([
  ['ghcr.io/syntasso/kratix-pipeline-utility:*', { runtime: 'host', image: { tools: ['bash', 'curl', 'git', 'jq', 'kubectl', 'python3', 'yq'] } }],
  ['alpine:*', shell({ tools: [], cmd: ['/bin/sh'] })],
  ['busybox:*', shell({ tools: [], cmd: ['sh'] })],
  ['bash:*', shell({ tools: ['bash'], cmd: ['bash'] })],
  ['debian:*', shell({ tools: ['bash'], cmd: ['bash'] })],
  ['ubuntu:*', shell({ tools: ['bash'], cmd: ['bash'] })],
  ['bitnami/kubectl:*', shell({ tools: ['kubectl'], entrypoint: ['kubectl'], cmd: ['--help'] })],
  ['mikefarah/yq:*', shell({ tools: ['yq'], entrypoint: ['yq'], workingDir: '/workdir' })],
]);
