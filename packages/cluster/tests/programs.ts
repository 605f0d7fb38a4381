import type { CatalogueEntry, ImageCatalogue, Program } from '../src/index.ts';

/** A catalogue of programs by name. */
export const programs = (all: Readonly<Record<string, Program>>): ImageCatalogue => (image: string): CatalogueEntry | undefined =>
  Object.hasOwn(all, image) ? { runtime: 'program', run: all[image]! } : undefined;

/** Runs until it is asked to stop. */
export const forever: Program = ({ signal }) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(0);
    else signal.addEventListener('abort', () => resolve(0), { once: true });
  });

export const succeed: Program = () => Promise.resolve(0);
