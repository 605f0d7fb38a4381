/** One line of a log file: its RFC 3339 time, a space, and what was printed. */
export function formatLine(timeMs: number, sequence: number, text: string): string {
  // Nanoseconds after the millisecond count lines up, so that times order lines that came together.
  const nanos = String(sequence % 1_000_000).padStart(6, '0');
  return `${new Date(timeMs).toISOString().slice(0, -1)}${nanos}Z ${text}\n`;
}

/** The time of a stored line in ms. */
export const lineTimeMs = (line: string): number => Date.parse(`${line.slice(0, 23)}Z`);

/** The line without its time. */
export const lineText = (line: string): string => line.slice(TIME_LENGTH + 1);

const TIME_LENGTH = 30;
