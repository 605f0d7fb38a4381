/** Quoted for a POSIX shell where it must be. */
export function shellQuote(value: string): string {
  return /^[\w/.:@%+,-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
