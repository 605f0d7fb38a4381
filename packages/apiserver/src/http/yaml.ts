import { badRequest } from '@plinth/apimachinery';

export function parseYamlBody(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  // Most of what is sent as YAML (server-side apply) is JSON.
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest('yaml not yet');
  }
}
