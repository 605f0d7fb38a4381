import type { Repository } from '../../repository/repository.ts';
import { html } from './html.ts';
import type { Page } from './shell.ts';
import { subject, when } from './when.ts';

/** `/`: all repositories; `/OWNER`: one owner's. */
export function repositoriesPage(repositories: readonly { readonly owner: string; readonly name: string; readonly repository: Repository }[], owner?: string): Page {
  return {
    title: owner ?? 'Repositories',
    trail: owner === undefined ? [] : [{ text: owner }],
    body: html`<h1>${owner === undefined ? 'Repositories' : `Repositories of ${owner}`}</h1>
${
  repositories.length === 0
    ? html`<p>There are none yet.</p>`
    : html`<div class="list"><table><thead><tr><th scope="col">Repository</th><th scope="col">Last commit</th><th scope="col">When</th></tr></thead><tbody>
${repositories.map(({ owner: each, name, repository }) => {
  const id = repository.headCommit();
  const commit = id === undefined ? undefined : repository.objects.readCommit(id);
  return html`<tr><th scope="row"><a href="/${each}/${name}">${each}/${name}</a></th><td>${commit ? subject(commit.message) : html`<span class="dim">empty</span>`}</td><td class="dim nowrap">${commit && when(commit.committer)}</td></tr>
`;
})}</tbody></table></div>`
}`,
  };
}
