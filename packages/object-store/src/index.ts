/** Revisioned keys and bytes. The store's inner parts (index, history, journal) stay inside. */
export * from './store.ts';
export * from './errors.ts';
export { openMemoryStore } from './memory/memory-store.ts';
export { openSqliteStore, type SqliteStoreOptions } from './sqlite/sqlite-store.ts';
