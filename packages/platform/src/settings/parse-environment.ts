import type { PlatformConfig } from '../config.ts';
import { parseGoDuration } from '../go-duration.ts';
import type { GitClientOptions } from '../state-store/open-writer.ts';

export interface ParsedEnvironment {
  readonly config: Partial<PlatformConfig>;
  readonly gitClient: GitClientOptions;
  readonly loggerName?: string;
  /** What is ignored, and why. */
  readonly warnings: readonly string[];
}

/**
 * Reads what Kratix takes from the environment of its manager (contract, sections 5.4 and 8.1) and not from its ConfigMap. A
 * value that cannot be used is left out, as there, and said.
 */
export function parseEnvironment(env: Readonly<Record<string, string | undefined>>): ParsedEnvironment {
  const warnings: string[] = [];
  const refuse = (name: string, rule: string): undefined => void warnings.push(`${name}: Invalid value: ${JSON.stringify(env[name]?.slice(0, 100))}: ${rule}`);
  const duration = (name: string): number | undefined => {
    const text = env[name];
    if (!text) return undefined;
    const ms = parseGoDuration(text);
    return ms !== undefined && ms >= 1 && ms <= MAX_TIMER_MS ? Math.round(ms) : refuse(name, 'must be a duration from 1ms to 596h such as 90s or 5m; the default is used');
  };
  const given = <K extends string, V>(name: K, value: V | undefined): { readonly [key in K]?: V } => (value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: V }));
  const pullSecret = env['PIPELINE_ADAPTER_PULL_SECRET'] || undefined;
  const folder = env['KRATIX_TLS_DATA_PATH'] || undefined;
  const loggerName = env['KRATIX_LOGGER_PREFIX']?.slice(0, 100) || undefined;
  for (const [name, why] of Object.entries(WITHOUT_EFFECT)) if (env[name]) warnings.push(`${name}: ${why}`);
  return {
    config: given('adapterPullSecret', pullSecret !== undefined && !SECRET_NAME.test(pullSecret) ? refuse('PIPELINE_ADAPTER_PULL_SECRET', 'must be the name of a Secret; no Secret is added') : pullSecret),
    gitClient: {
      ...given('timeoutMs', duration('KRATIX_EXEC_TIMEOUT')),
      ...given('gitHubTimeoutMs', duration('KRATIX_GIT_REQUEST_TIMEOUT')),
      ...given('keepTokenMs', duration('KRATIX_GITHUB_APP_CREDS_EXPIRATION_DURATION')),
      ...given('authoritiesFolder', folder),
      ...(ON.has(env['KRATIX_GIT_TRACE']?.toLowerCase() ?? '') ? { isTraced: true } : {}),
    },
    ...given('loggerName', loggerName),
    warnings,
  };
}

/** The longest that Node's timers can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const SECRET_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const ON = new Set(['1', 'true']);
const WITHOUT_EFFECT = {
  PIPELINE_ADAPTER_IMG: 'has no effect: the adapter is a part of the platform and runs in its process',
  KRATIX_EXEC_FATAL_TIMEOUT: 'has no effect: what does not answer in time is given up at once',
  KRATIX_GIT_TRACE_PACKET: 'has no effect: what travels may hold secrets, and is never logged; KRATIX_GIT_TRACE=1 logs each exchange without it',
} as const;
