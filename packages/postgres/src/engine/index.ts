/** Real PostgreSQL servers. Kept inside: how binaries are copied, the template, the copying thread. */
export { Engines, type PreparedEngine } from './engines.ts';
export { locateEngine, type Engine, type LocateOptions } from './locate-engine.ts';
export { findEngineUser, type EngineUser } from './engine-user.ts';
export { beginData, finishData, inspectData, openInstanceFolder, type DataState, type InstanceFolder } from './data-dir.ts';
export { stopServersBelow } from './stop-servers-below.ts';
export { startServer, type PostgresServer, type ServerOptions } from './server.ts';
export { defaultParameters, settleParameters, type ListenAddress } from './settings.ts';
export { matchesVerifier, scramVerifier } from './scram.ts';
