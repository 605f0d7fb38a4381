import manifest from '../package.json' with { type: 'json' };

/** Of this Plinth. */
export const version: string = manifest.version;
