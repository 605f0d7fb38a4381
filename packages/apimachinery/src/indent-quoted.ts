/** More lines than that in one text are not mended, nor any in a longer text: each takes another reading. */
export const MAX_MENDED_LINES = 20;
const MAX_MENDED_LENGTH = 100_000;

/**
 * The text with the line after `at` pushed to the right. YAML wants the further lines of a quoted scalar indented; the reader that Kubernetes and
 * Kratix use takes them at any column, and scripts write such lines: `color: "${COLOR}"` with a line break in it. White space at their start means nothing.
 * Undefined: there is no such line, a document ends there, or the text is too long.
 */
export function indentQuotedLine(text: string, at: number): string | undefined {
  if (text.length > MAX_MENDED_LENGTH) return undefined;
  const next = text.indexOf('\n', at) + 1;
  if (next === 0 || next >= text.length || /^(---|\.\.\.)(\s|$)/.test(text.slice(next, next + 4))) return undefined;
  // Past the column of whatever key the scalar belongs to.
  const width = next - 1 - text.lastIndexOf('\n', next - 2);
  return `${text.slice(0, next)}${' '.repeat(width)}${text.slice(next)}`;
}
