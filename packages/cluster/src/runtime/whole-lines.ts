/** A chunk may end in the middle of a line, and the log ends every text with a newline. */
export function wholeLines(log: (text: string) => void): { readonly take: (text: string) => void; readonly end: () => void } {
  let rest = '';
  const flush = (text: string): void => {
    if (text !== '') log(text);
  };
  return {
    take: (text) => {
      const all = rest + text;
      // A line that does not end is not kept for ever.
      const whole = all.length > MAX_LINE ? all.length : all.lastIndexOf('\n') + 1;
      rest = all.slice(whole);
      flush(all.slice(0, whole));
    },
    end: () => flush(rest),
  };
}

const MAX_LINE = 64 * 1024;
