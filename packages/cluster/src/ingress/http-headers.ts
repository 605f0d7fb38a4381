import type { IncomingMessage } from 'node:http';

/** Fields that belong to one connection and are not passed on (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

/** Name, value, name, value ..., as `http.request` takes them: repeated fields stay repeated. */
export function passedOn(message: IncomingMessage, without: readonly string[] = []): string[] {
  const named = (message.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...HOP_BY_HOP, ...named, ...without]);
  const headers: string[] = [];
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index]!;
    if (!dropped.has(name.toLowerCase())) headers.push(name, message.rawHeaders[index + 1]!);
  }
  return headers;
}

/** What the backend gets to see: the request's own host, and who asked. What the client says of that itself does not count. */
export function forwardedHeaders(request: IncomingMessage, port: number): string[] {
  const headers = passedOn(request, ['expect', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-real-ip', 'forwarded']);
  const client = request.socket.remoteAddress ?? '';
  headers.push('X-Forwarded-For', client, 'X-Real-IP', client, 'X-Forwarded-Host', request.headers.host ?? '', 'X-Forwarded-Proto', 'http', 'X-Forwarded-Port', String(port));
  // A body of unknown length goes on as it came.
  if (request.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked');
  return headers;
}
