import type { Commit } from '../../objects/commit.ts';
import type { ObjectId } from '../../objects/object.ts';
import { history } from '../../repository/history.ts';
import type { Repository } from '../../repository/repository.ts';
import { address, home, trail } from './context.ts';
import type { Place } from './context.ts';
import { html } from './html.ts';
import { pager } from './pager.ts';
import type { Page } from './shell.ts';
import { subject, when } from './when.ts';

const perPage = 30;
/** How far a look for the changes of one path goes. */
const budgetMs = 300;

/** The commits of a revision, newest first; with a path, those that changed it. */
export function historyPage(place: Place, page: number): Page {
  const { commits, more, cutShort } = find(place, (page - 1) * perPage);
  return {
    title: `History of ${place.path || place.label} · ${place.owner}/${place.name}`,
    trail: trail(place, 'commits'),
    body: html`<h1>History of ${place.path || place.label}</h1>
<p class="row"><a href="${address(place, 'src', place.path)}">Files</a></p>
<div class="list"><table><thead><tr><th scope="col">Commit</th><th scope="col">Message</th><th scope="col">Author</th><th scope="col">When</th></tr></thead><tbody>
${commits.map(({ id, commit }) => html`<tr><td class="mono"><a href="${home(place)}/commit/${id}">${id.slice(0, 10)}</a></td><th scope="row"><a href="${home(place)}/commit/${id}">${subject(commit.message)}</a></th><td>${commit.author.name}</td><td class="dim nowrap">${when(commit.committer)}</td></tr>
`)}</tbody></table></div>
${commits.length === 0 && html`<p class="dim">No commit found.</p>`}
${cutShort && html`<p class="dim">Older commits were not looked through.</p>`}
${pager(address(place, 'commits', place.path), page, undefined, perPage, more)}`,
  };
}

function find(place: Place, skip: number): { readonly commits: readonly { readonly id: ObjectId; readonly commit: Commit }[]; readonly more: boolean; readonly cutShort: boolean } {
  const until = performance.now() + budgetMs;
  const commits: { readonly id: ObjectId; readonly commit: Commit }[] = [];
  let skipped = 0;
  for (const each of history(place.repository.objects, place.commitId)) {
    if (performance.now() > until) return { commits, more: false, cutShort: true };
    if (place.path !== '' && !touches(place.repository, each.commit, place.path)) continue;
    if (skipped++ < skip) continue;
    if (commits.length === perPage) return { commits, more: true, cutShort: false };
    commits.push(each);
  }
  return { commits, more: false, cutShort: false };
}

function touches(repository: Repository, commit: Commit, path: string): boolean {
  const now = repository.entryAt(commit.tree, path);
  const parents = commit.parents.filter((parent) => repository.objects.has(parent));
  if (parents.length === 0) return now !== undefined;
  return parents.every((parent) => {
    const before = repository.entryAt(repository.objects.readCommit(parent).tree, path);
    return before?.id !== now?.id || before?.mode !== now?.mode;
  });
}
