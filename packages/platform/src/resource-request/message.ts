/** The part of a status that has a message of the author's; of requests and Promises alike. */
interface WithMessage {
  readonly message?: string;
  readonly kratix?: { readonly replacedMessage?: { readonly original?: string; readonly shown?: string } };
}

/**
 * The status with the message that the author's pipeline wrote. While something is wrong, `message` says what; what the
 * author had said waits in `status.kratix.replacedMessage`, and counts as long as nobody wrote another message since.
 */
export function withAuthorsMessage<T extends WithMessage>(status: T): T {
  const { replacedMessage, ...kratix } = status.kratix ?? {};
  if (!replacedMessage) return status;
  const { message, ...rest } = status;
  const authors = message === replacedMessage.shown ? replacedMessage.original : message;
  return { ...rest, ...(authors === undefined ? {} : { message: authors }), kratix } as T;
}

/** The status with a message of ours, and the author's kept. `status` shows the author's. */
export function withOwnMessage<T extends WithMessage>(status: T, shown: string): T {
  const { message: original } = status;
  if (original === shown) return status;
  return { ...status, message: shown, kratix: { ...status.kratix, replacedMessage: { ...(original === undefined ? {} : { original }), shown } } };
}
