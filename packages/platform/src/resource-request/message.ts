import type { RequestStatus } from './request.ts';

/**
 * The status with the message that the author's pipeline wrote. While something is wrong, `message` says what; what the
 * author had said waits in `status.kratix.replacedMessage`, and counts as long as nobody wrote another message since.
 */
export function withAuthorsMessage(status: RequestStatus): RequestStatus {
  const { replacedMessage, ...kratix } = status.kratix ?? {};
  if (!replacedMessage) return status;
  const { message, ...rest } = status;
  const authors = message === replacedMessage.shown ? replacedMessage.original : message;
  return { ...rest, ...(authors === undefined ? {} : { message: authors }), kratix };
}

/** The status with a message of ours, and the author's kept. `status` shows the author's. */
export function withOwnMessage(status: RequestStatus, shown: string): RequestStatus {
  const { message: original } = status;
  if (original === shown) return status;
  return { ...status, message: shown, kratix: { ...status.kratix, replacedMessage: { ...(original === undefined ? {} : { original }), shown } } };
}
