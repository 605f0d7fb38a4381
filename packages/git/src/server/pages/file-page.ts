import { address, trail } from './context.ts';
import type { Place } from './context.ts';
import { html } from './html.ts';
import type { Page } from './shell.ts';
import { lastCommitBox, revisions } from './tree-page.ts';
import { textOf, linesOf } from './text.ts';

/** Larger files are offered raw. */
const maxShownBytes = 1024 * 1024;
const maxShownLines = 20_000;

/** One file with its lines numbered; `#L12` leads to a line. */
export function filePage(place: Place, data: Buffer, mode: string): Page {
  const text = data.length <= maxShownBytes ? textOf(data) : undefined;
  const lines = text === undefined ? [] : linesOf(text);
  const shown = text !== undefined && lines.length <= maxShownLines;
  return {
    title: `${place.path} · ${place.owner}/${place.name}`,
    trail: trail(place),
    body: html`<h1>${place.path.split('/').at(-1)}</h1>
${revisions(place)}
${lastCommitBox(place)}
<div class="row"><span class="dim">${mode === '120000' ? 'symbolic link, ' : mode === '100755' ? 'executable, ' : ''}${data.length} bytes${shown && `, ${lines.length} ${lines.length === 1 ? 'line' : 'lines'}`}</span><a href="${address(place, 'raw', place.path)}">Raw</a></div>
${
  shown
    ? html`<div class="list"><table class="source"><caption class="skip">Content of ${place.path}</caption><tbody>${lines.map(
        (line, at) => html`<tr id="L${at + 1}"><td class="number"><a href="#L${at + 1}" aria-label="Line ${at + 1}">${at + 1}</a></td><td><pre>${line === '' ? '\n' : line}</pre></td></tr>
`,
      )}</tbody></table></div>`
    : html`<p class="box">${text === undefined && data.length <= maxShownBytes ? 'This file is not text.' : 'This file is too large to show here.'} <a href="${address(place, 'raw', place.path)}">Get it raw</a>.</p>`
}`,
  };
}
