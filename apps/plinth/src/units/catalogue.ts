import { existsSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CatalogueEntry, ImageCatalogue } from '@plinth/cluster';
import type { DataDir } from '../config/data-dir.ts';

/**
 * What this installation runs for an image: what ships with Plinth, then what `catalogue.json` in the data directory
 * says. The file is the platform team's own:
 *
 * ```json
 * { "images": { "example.org/my-step:v1": { "step": "/srv/promises/my-step.ts" },
 *               "example.org/tools:v1": { "host": true } } }
 * ```
 *
 * It is read again when it has changed; one that cannot be read counts as absent and is reported.
 */
export function createCatalogue(layout: DataDir, builtIn: ReadonlyMap<string, CatalogueEntry>, report: (problem: string) => void): ImageCatalogue {
  const file = join(layout.root, 'catalogue.json');
  let read: { readonly mtimeMs: number; readonly images: ReadonlyMap<string, CatalogueEntry> } | undefined;
  return (image) => {
    const known = builtIn.get(image);
    if (known) return known;
    if (!existsSync(file)) return undefined;
    const { mtimeMs } = statSync(file);
    if (read?.mtimeMs !== mtimeMs) read = { mtimeMs, images: readCatalogue(file, report) };
    return read.images.get(image);
  };
}

function readCatalogue(file: string, report: (problem: string) => void): Map<string, CatalogueEntry> {
  const images = new Map<string, CatalogueEntry>();
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    report(`cannot read ${file}: ${(error as Error).message}`);
    return images;
  }
  const entries = (value as { images?: unknown } | null)?.images;
  if (typeof entries !== 'object' || entries === null) {
    report(`${file} has no object "images"`);
    return images;
  }
  for (const [image, entry] of Object.entries(entries as Record<string, { step?: unknown; host?: unknown } | null>)) {
    if (typeof entry?.step === 'string' && isAbsolute(entry.step)) images.set(image, { runtime: 'step', module: pathToFileURL(entry.step) });
    else if (entry?.host === true) images.set(image, { runtime: 'host' });
    else report(`${file}: ${image} is neither {"step": "/absolute/path.ts"} nor {"host": true}`);
  }
  return images;
}
