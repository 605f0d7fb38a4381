/** A rule of the platform team: a variable of the container in `promise.yaml`. Errors: names the one that makes no sense. */
export function rule(env: Readonly<Record<string, string>>, name: string, fallback: string, pattern: RegExp): string {
  const value = env[name] || fallback;
  if (!pattern.test(value)) throw new Error(`the variable ${name} is ${JSON.stringify(value)}, which does not match ${pattern.source}`);
  return value;
}

export const QUANTITY = /^\d+(\.\d+)?(m|[KMGT]i?)?$/;
export const WHOLE = /^\d{1,5}$/;
export const DNS_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
