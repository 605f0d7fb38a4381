import { notUnderstood } from './errors.ts';

/** `$NAME`, `${NAME}`, `${NAME:-default}` and their like in a text, as a shell has them. */
export function envsubst(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(/\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-=+?])([^}]*)|([^}]*))\})/g, (whole, plain: string | undefined, braced: string | undefined, operator: string | undefined, word: string | undefined, odd: string | undefined) => {
    if (plain !== undefined) return env[plain] ?? '';
    if (braced === undefined) return whole;
    if (odd) throw notUnderstood(`'${whole}'`);
    const value = env[braced];
    const isThere = operator?.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
    switch (operator?.at(-1)) {
      case '-':
      case '=':
        return isThere ? value! : envsubst(word ?? '', env);
      case '+':
        return isThere ? envsubst(word ?? '', env) : '';
      case '?':
        throw notUnderstood(`'${whole}'`);
      default:
        return value ?? '';
    }
  });
}
