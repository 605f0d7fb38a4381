import { html } from './html.ts';
import type { Html } from './html.ts';
import type { Signature } from '../../objects/commit.ts';

/** A commit's time, for people and for programs. UTC, so that a page is the same for everybody and can be cached. */
export function when(who: Signature): Html {
  const milliseconds = who.timestamp * 1000;
  // The largest time that a Date holds; commits may say anything.
  const date = Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString() : '1970-01-01T00:00:00.000Z';
  return html`<time datetime="${date}">${date.slice(0, 10)} ${date.slice(11, 16)} UTC</time>`;
}

/** The first line of a commit message. */
export function subject(message: string): string {
  return message.split('\n', 1)[0]!.trim() || '(no message)';
}
