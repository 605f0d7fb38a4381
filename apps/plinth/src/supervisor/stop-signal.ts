/**
 * Aborts on the first Ctrl-C, `kill`, or when the terminal goes away. What comes after that changes nothing: stopping
 * takes 5 s at most, one Ctrl-C may arrive several times (npm and the launcher pass it on, the terminal sends it to all),
 * and who left earlier would leave databases behind.
 */
export function onStopSignal(): AbortSignal {
  const asked = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => asked.abort());
  return asked.signal;
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
}
