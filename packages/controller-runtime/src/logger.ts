/** What this room needs of a logger; a pino logger fits. The message is constant, what varies is in the fields. */
export interface Logger {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** For whoever passes no logger: warnings and errors on standard error, one line each, the rest nowhere. */
export const defaultLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (fields, message) => console.error(line('warn', fields, message)),
  error: (fields, message) => console.error(line('error', fields, message)),
};

export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function line(level: string, fields: Readonly<Record<string, unknown>>, message: string): string {
  const text = Object.entries(fields).map(([name, value]) => `${name}=${value instanceof Error ? JSON.stringify(value.message) : String(value)}`);
  return [`[${level}]`, message, ...text].join(' ');
}
