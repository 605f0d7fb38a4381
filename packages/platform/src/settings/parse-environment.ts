import type { PlatformConfig } from '../config.ts';

export interface ParsedEnvironment {
  readonly config: Partial<PlatformConfig>;
  /** What is ignored, and why. */
  readonly warnings: readonly string[];
}

/**
 * Reads what Kratix takes from the environment of its manager (contract, section 8.1) and not from its ConfigMap. A value
 * that cannot be used is left out, as there, and said.
 */
export function parseEnvironment(env: Readonly<Record<string, string | undefined>>): ParsedEnvironment {
  const warnings: string[] = [];
  const pullSecret = env['PIPELINE_ADAPTER_PULL_SECRET'];
  const isName = pullSecret !== undefined && SECRET_NAME.test(pullSecret);
  if (pullSecret && !isName) warnings.push(`PIPELINE_ADAPTER_PULL_SECRET: Invalid value: ${JSON.stringify(pullSecret.slice(0, 100))}: must be the name of a Secret; no Secret is added`);
  return { config: isName ? { adapterPullSecret: pullSecret } : {}, warnings };
}

const SECRET_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
