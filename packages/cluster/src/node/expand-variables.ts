/**
 * Kubernetes' `$(NAME)`: replaced by the variable when there is one, left as it is when there is none; `$$` is a dollar
 * sign that starts no reference.
 */
export function expandVariables(text: string, env: Readonly<Record<string, string>>): string {
  if (!text.includes('$')) return text;
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (whole, name: string | undefined) => {
    if (whole === '$$') return '$';
    return name !== undefined && Object.hasOwn(env, name) ? env[name]! : whole;
  });
}
