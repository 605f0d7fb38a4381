import { folderChanges, type FolderEntry, type TreeReader } from './tree-reader.ts';

/** How much a folder holds, with all that is below it. */
export interface Measure {
  readonly files: number;
  readonly bytes: number;
  /** As often as they occur: equal ones are one object, and may be nested without end. */
  readonly folders: number;
}

/** An artifact may not hold more. */
export const MAX_FILES = 100_000;
export const MAX_BYTES = 256 * 1024 * 1024;
export const MAX_FOLDERS = 400_000;
const MAX_DEPTH = 32;

export class ArtifactTooLarge extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ArtifactTooLarge';
  }
}

export const exceeds = ({ files, bytes, folders }: Measure): boolean => files > MAX_FILES || bytes > MAX_BYTES || folders > MAX_FOLDERS;

/** Throws {@link ArtifactTooLarge} when folders are nested too deep. */
export type FolderMeasure = (reader: TreeReader, id: string) => Measure;

/**
 * Measures the revisions of one source, one after the other: the first as a whole (up to where it {@link exceeds} what may
 * be), the others by what differs from the one before.
 */
export function createMeasure(): FolderMeasure {
  let last: { readonly id: string; readonly measure: Measure } | undefined;
  return (reader, id) => {
    const measure = (last && measureAgain(reader, last, id)) ?? measureChange(reader, undefined, id, 0);
    last = exceeds(measure) ? undefined : { id, measure };
    return measure;
  };
}

/** Undefined when the earlier revision is not there any more. */
function measureAgain(reader: TreeReader, last: { readonly id: string; readonly measure: Measure }, id: string): Measure | undefined {
  try {
    return sum(last.measure, measureChange(reader, last.id, id, 0));
  } catch (error) {
    if (error instanceof ArtifactTooLarge) throw error;
    return undefined;
  }
}

function measureChange(reader: TreeReader, before: string | undefined, after: string | undefined, depth: number): Measure {
  if (depth > MAX_DEPTH) throw tooDeep();
  let total = NOTHING;
  for (const change of folderChanges(reader, before, after)) {
    total = sum(sum(total, ownOf(reader, change.after)), ownOf(reader, change.before), -1);
    const [old, now] = [folderId(change.before), folderId(change.after)];
    if (old !== undefined || now !== undefined) total = sum(total, measureChange(reader, old, now, depth + 1));
    if (exceeds(total)) break;
  }
  return total;
}

const NOTHING: Measure = { files: 0, bytes: 0, folders: 0 };
const FOLDER: Measure = { files: 0, bytes: 0, folders: 1 };
const sum = (a: Measure, b: Measure, sign = 1): Measure => ({ files: a.files + sign * b.files, bytes: a.bytes + sign * b.bytes, folders: a.folders + sign * b.folders });
const folderId = (entry: FolderEntry | undefined): string | undefined => (entry?.type === 'folder' ? entry.id : undefined);
const ownOf = (reader: TreeReader, entry: FolderEntry | undefined): Measure =>
  entry?.type === 'file' ? { files: 1, bytes: reader.file(entry.id).length, folders: 0 } : entry?.type === 'folder' ? FOLDER : NOTHING;
const tooDeep = (): ArtifactTooLarge => new ArtifactTooLarge(`folders are nested deeper than ${MAX_DEPTH}`);
