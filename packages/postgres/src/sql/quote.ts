/** An SQL identifier. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** An SQL string (`standard_conforming_strings` is on by default; backslashes are plain characters then). */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
