import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { badRequest } from '@plinth/apimachinery';

/** The answer that a connection is busy with. */
export type Current = WeakMap<Duplex, ServerResponse>;

/**
 * Answers what is no HTTP, or no whole request (the client closed its side in the middle of the body), and ends the
 * connection. Nothing is sent where an answer has begun.
 */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex, current: Current): void {
  const response = current.get(socket);
  if (!socket.writable || error.code === 'ECONNRESET' || (response?.headersSent && !response.writableFinished)) {
    socket.destroy();
    return;
  }
  const [code, reason, why] = describe(error.code);
  const body = JSON.stringify({ ...badRequest(why).status, code, reason });
  socket.end(`HTTP/1.1 ${code} ${reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`, () => socket.destroy());
}

function describe(code: string | undefined): readonly [number, string, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'RequestHeaderFieldsTooLarge', 'the headers of the request are too large'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'Timeout', 'the request did not arrive in time'];
    case 'HPE_INVALID_EOF_STATE':
      return [400, 'BadRequest', 'the body of the request ended early'];
    default:
      return [400, 'BadRequest', 'the request is no valid HTTP'];
  }
}
