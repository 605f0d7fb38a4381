import { decodeTree } from '../../objects/tree.ts';
import type { TreeEntry } from '../../objects/tree.ts';
import type { ObjectId } from '../../objects/object.ts';
import type { Repository } from '../../repository/repository.ts';
import { address, home, trail } from './context.ts';
import type { Place } from './context.ts';
import { encodePath, html } from './html.ts';
import type { Html } from './html.ts';
import { lastCommits } from './last-commits.ts';
import { pager, pageOf } from './pager.ts';
import type { Page } from './shell.ts';
import { subject, when } from './when.ts';

const perPage = 1000;
/** Beyond this a chain of folders is not followed any further. */
const maxChain = 20;

/** A folder: its entries with the commit that changed each last. `cloneUrl`: shown at the root. */
export function treePage(place: Place, tree: ObjectId, cloneUrl: string | undefined, page: number): Page {
  const { repository } = place;
  const all = decodeTree(repository.objects.readAs('tree', tree)).sort((a, b) => Number(b.mode === '40000') - Number(a.mode === '40000'));
  const entries = pageOf(all, page, perPage);
  const last = lastCommits(repository, place.commitId, place.path, new Set(entries.map((entry) => entry.name)));
  return {
    title: `${place.path === '' ? place.label : place.path} · ${place.owner}/${place.name}`,
    trail: trail(place),
    body: html`<h1>${place.path === '' ? `${place.owner}/${place.name}` : place.path}</h1>
${cloneUrl !== undefined && html`<p class="box">Clone: <code>git clone ${cloneUrl}</code></p>`}
${revisions(place)}
${lastCommitBox(place)}
<div class="list"><table><caption class="skip">Files</caption><thead><tr><th scope="col">Name</th><th scope="col">Last change</th><th scope="col">When</th></tr></thead><tbody>
${place.path !== '' && html`<tr><th scope="row"><a href="${address(place, 'src', parentOf(place.path))}">..</a></th><td></td><td></td></tr>`}
${entries.map((entry) => {
  const change = last.get(entry.name);
  return html`<tr><th scope="row">${entryLink(place, entry)}</th><td class="dim">${change && html`<a href="${home(place)}/commit/${change.id}">${subject(change.commit.message)}</a>`}</td><td class="dim nowrap">${change && when(change.commit.committer)}</td></tr>
`;
})}</tbody></table></div>
${all.length === 0 && html`<p class="dim">This folder is empty.</p>`}
${pager(address(place, 'src', place.path), page, all.length, perPage)}`,
  };
}

/** A repository without a commit. */
export function emptyPage(owner: string, name: string, branch: string | undefined, cloneUrl: string): Page {
  return {
    title: `${owner}/${name}`,
    trail: [{ text: `${owner}/${name}` }],
    body: html`<h1>${owner}/${name}</h1><p>This repository is empty. Clone it, commit, and push to <code>${branch ?? 'main'}</code>.</p>
<p class="box">Clone: <code>git clone ${cloneUrl}</code></p>`,
  };
}

/** Branches to change to, and the way to the history. */
export function revisions(place: Place): Html {
  const branches = [...place.repository.refs.list(['refs/heads/']).keys()].map((ref) => ref.slice('refs/heads/'.length));
  const others = branches.filter((branch) => `branch/${branch}` !== place.revision).slice(0, 100);
  return html`<div class="row"><span>${place.revision.startsWith('commit/') ? 'Commit' : 'Branch'} <strong>${place.label}</strong></span><a href="${address(place, 'commits', place.path)}">History</a></div>
${others.length > 0 && html`<details><summary>${others.length} other ${others.length === 1 ? 'branch' : 'branches'}</summary><ul>${others.map((branch) => html`<li><a href="${home(place)}/src/branch/${encodePath(branch)}">${branch}</a></li>`)}</ul></details>`}`;
}

export function lastCommitBox(place: Place): Html {
  const { commit, commitId } = place;
  return html`<p class="box row"><strong>${commit.author.name}</strong> <a href="${home(place)}/commit/${commitId}">${subject(commit.message)}</a> <code><a href="${home(place)}/commit/${commitId}">${commitId.slice(0, 10)}</a></code> <span class="dim">${when(commit.committer)}</span></p>`;
}

function entryLink(place: Place, entry: TreeEntry): Html {
  const path = place.path === '' ? entry.name : `${place.path}/${entry.name}`;
  switch (entry.mode) {
    case '40000': {
      const rest = onlyFolders(place.repository, entry.id);
      return html`<a href="${address(place, 'src', [path, ...rest].join('/'))}">${[entry.name, ...rest].join('/')}/</a>`;
    }
    case '160000':
      return html`${entry.name} <span class="dim mono">@ ${entry.id.slice(0, 10)}</span>`;
    case '120000':
      return html`<a href="${address(place, 'src', path)}">${entry.name}</a> <span class="dim">link</span>`;
    case '100644':
    case '100755':
      return html`<a href="${address(place, 'src', path)}">${entry.name}</a>`;
    default:
      return entry.mode satisfies never;
  }
}

/** Folders that hold one folder and nothing else are shown as one step. */
function onlyFolders(repository: Repository, tree: ObjectId): string[] {
  const names: string[] = [];
  for (let id = tree; names.length < maxChain; ) {
    const data = repository.objects.read(id)?.data;
    // One entry at most fits in this; longer trees need no look.
    if (!data || data.length > 300) break;
    const entries = decodeTree(data);
    if (entries.length !== 1 || entries[0]!.mode !== '40000') break;
    names.push(entries[0]!.name);
    id = entries[0]!.id;
  }
  return names;
}

function parentOf(path: string): string {
  return path.split('/').slice(0, -1).join('/');
}
