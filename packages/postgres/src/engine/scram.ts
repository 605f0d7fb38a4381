import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/** PostgreSQL's own default (`scram_iterations`). */
const iterations = 4096;

/**
 * What PostgreSQL keeps of a password (RFC 5802, RFC 7677). Sent in place of the password in `CREATE ROLE ... PASSWORD`,
 * so that a password never stands in a statement that the server could log.
 *
 * Caveat: SASLprep is left out. The passwords that the operator makes are ASCII; other text is taken as it is, which is
 * what PostgreSQL does with text that SASLprep refuses.
 */
export async function scramVerifier(password: string, salt: Buffer = randomBytes(16)): Promise<string> {
  const salted = await derive(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** Whether the verifier was made from this password. */
export async function matchesVerifier(password: string, verifier: string): Promise<boolean> {
  const salt = /^SCRAM-SHA-256\$4096:([A-Za-z0-9+/=]+)\$/.exec(verifier)?.[1];
  if (!salt) return false;
  const again = Buffer.from(await scramVerifier(password, Buffer.from(salt, 'base64')));
  const given = Buffer.from(verifier);
  return again.length === given.length && timingSafeEqual(again, given);
}
