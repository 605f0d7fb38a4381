import type { ObjectDatabase } from './object-database.ts';

export async function consolidate(_objects: ObjectDatabase): Promise<void> {}
