import { html } from './html.ts';
import type { Html } from './html.ts';

/** The items of one page; pages count from 1. */
export function pageOf<T>(items: readonly T[], page: number, perPage: number): readonly T[] {
  return items.slice((page - 1) * perPage, page * perPage);
}

/** Ways to the pages before and after. `total` undefined: not known, `more` says whether there is another. */
export function pager(href: string, page: number, total: number | undefined, perPage: number, more = false): Html | undefined {
  const next = total === undefined ? more : page * perPage < total;
  if (page === 1 && !next) return undefined;
  return html`<nav aria-label="Pages" class="row"><p>${page > 1 && html`<a rel="prev" href="${href}?page=${page - 1}">Previous</a> `}Page ${page}${total !== undefined && ` of ${Math.max(1, Math.ceil(total / perPage))}`}${next && html` <a rel="next" href="${href}?page=${page + 1}">Next</a>`}</p></nav>`;
}

export function pageNumber(url: URL): number {
  const page = Number(url.searchParams.get('page') ?? '1');
  return Number.isInteger(page) && page >= 1 && page <= 100_000 ? page : 1;
}
