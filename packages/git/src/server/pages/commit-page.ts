import type { ObjectId } from '../../objects/object.ts';
import { diffTrees } from '../../objects/tree-diff.ts';
import { decodeTree } from '../../objects/tree.ts';
import type { TreeMode } from '../../objects/tree.ts';
import type { Repository } from '../../repository/repository.ts';
import { encodePath, html } from './html.ts';
import type { Html } from './html.ts';
import { diffLines, hunks } from './line-diff.ts';
import type { Page } from './shell.ts';
import { linesOf, textOf } from './text.ts';
import { when } from './when.ts';

const maxFiles = 200;
const maxFileBytes = 256 * 1024;
/** Lines of one page, all files together. */
const maxLines = 10_000;

interface FileChange {
  readonly path: string;
  readonly before: { readonly mode: TreeMode; readonly id: ObjectId } | undefined;
  readonly after: { readonly mode: TreeMode; readonly id: ObjectId } | undefined;
}

/** One commit: message, people, and what it changed since its first parent. */
export function commitPage(owner: string, name: string, repository: Repository, id: ObjectId): Page {
  const commit = repository.objects.readCommit(id);
  const parent = commit.parents.find((each) => repository.objects.has(each));
  const changes = changedFiles(repository, parent === undefined ? undefined : repository.objects.readCommit(parent).tree, commit.tree);
  const [title, ...rest] = commit.message.split('\n');
  const root = `/${owner}/${name}`;
  const budget = { lines: maxLines };
  return {
    title: `${title || id.slice(0, 10)} · ${owner}/${name}`,
    trail: [{ text: `${owner}/${name}`, href: root }, { text: `commit ${id.slice(0, 10)}` }],
    body: html`<h1>${title || '(no message)'}</h1>
${rest.join('\n').trim() !== '' && html`<pre class="box">${rest.join('\n').trim()}</pre>`}
<p class="box"><strong>${commit.author.name}</strong> ${commit.author.email && html`<span class="dim">&lt;${commit.author.email}&gt;</span>`} ${when(commit.author)}<br>
commit <code>${id}</code><br>
${commit.parents.map((each) => html`parent <code><a href="${root}/commit/${each}">${each}</a></code><br>`)}<a href="${root}/src/commit/${id}">Files at this commit</a></p>
<p>${changes.length > maxFiles ? `More than ${maxFiles}` : changes.length} ${changes.length === 1 ? 'file' : 'files'} changed.</p>
${changes.slice(0, maxFiles).map((change) => fileDiff(root, id, parent, repository, change, budget))}
${changes.length > maxFiles && html`<p class="dim">The others are not shown.</p>`}`,
  };
}

function fileDiff(root: string, id: ObjectId, parent: ObjectId | undefined, repository: Repository, change: FileChange, budget: { lines: number }): Html {
  const verb = !change.before ? 'added' : !change.after ? 'deleted' : change.before.id === change.after.id ? `mode ${change.before.mode} to ${change.after.mode}` : 'changed';
  const at = change.after ? id : parent;
  const link = at === undefined ? undefined : `${root}/src/commit/${at}/${encodePath(change.path)}`;
  return html`<h2>${link === undefined ? change.path : html`<a href="${link}">${change.path}</a>`} <span class="dim">${verb}</span></h2>
${diffTable(repository, change, budget)}`;
}

function diffTable(repository: Repository, change: FileChange, budget: { lines: number }): Html {
  if (change.before?.mode === '160000' || change.after?.mode === '160000') return html`<p class="box mono">${change.before?.id.slice(0, 10) ?? 'none'} → ${change.after?.id.slice(0, 10) ?? 'none'}</p>`;
  const before = content(repository, change.before?.id);
  const after = content(repository, change.after?.id);
  if (before === 'large' || after === 'large') return html`<p class="box">Too large to show.</p>`;
  const [old, now] = [textOf(before), textOf(after)];
  if (old === undefined || now === undefined) return html`<p class="box">Not text.</p>`;
  if (budget.lines <= 0) return html`<p class="box">Not shown: this page is long enough.</p>`;
  const parts = hunks(diffLines(linesOf(old), linesOf(now)));
  budget.lines -= parts.reduce((sum, part) => sum + part.length, 0);
  if (parts.length === 0) return html`<p class="dim">${before.equals(after) ? 'Same content.' : 'Line ends differ.'}</p>`;
  return html`<div class="list"><table class="source"><caption class="skip">Changes of ${change.path}</caption><tbody>${parts.map(
    (lines) => html`<tr class="gap"><td class="number">…</td><td class="number">…</td><td></td></tr>
${lines.map((line) => html`<tr class="${line.type}"><td class="number">${line.before}</td><td class="number">${line.after}</td><td><pre>${marks[line.type]}${line.text}</pre></td></tr>
`)}`,
  )}</tbody></table></div>`;
}

const marks = { same: ' ', add: '+', del: '-' } as const;

function content(repository: Repository, id: ObjectId | undefined): Buffer | 'large' {
  if (id === undefined) return Buffer.alloc(0);
  const data = repository.objects.readAs('blob', id);
  return data.length > maxFileBytes ? 'large' : data;
}

function changedFiles(repository: Repository, before: ObjectId | undefined, after: ObjectId): FileChange[] {
  const files: FileChange[] = [];
  const tree = (id: ObjectId | undefined): Buffer => (id === undefined ? Buffer.alloc(0) : repository.objects.readAs('tree', id));
  const all = (id: ObjectId, prefix: string, side: 'before' | 'after'): void => {
    for (const entry of decodeTree(tree(id))) {
      if (files.length > maxFiles) return;
      if (entry.mode === '40000') all(entry.id, `${prefix}${entry.name}/`, side);
      else files.push({ path: prefix + entry.name, before: side === 'before' ? entry : undefined, after: side === 'after' ? entry : undefined });
    }
  };
  const walk = (old: ObjectId | undefined, now: ObjectId | undefined, prefix: string): void => {
    for (const change of diffTrees(tree(old), tree(now))) {
      if (files.length > maxFiles) return;
      const path = prefix + change.name;
      const folderBefore = change.before?.mode === '40000' ? change.before.id : undefined;
      const folderAfter = change.after?.mode === '40000' ? change.after.id : undefined;
      if (folderBefore !== undefined && folderAfter !== undefined) {
        walk(folderBefore, folderAfter, `${path}/`);
        continue;
      }
      if (folderBefore !== undefined) all(folderBefore, `${path}/`, 'before');
      if (folderAfter !== undefined) all(folderAfter, `${path}/`, 'after');
      const fileBefore = folderBefore === undefined ? change.before : undefined;
      const fileAfter = folderAfter === undefined ? change.after : undefined;
      if (fileBefore || fileAfter) files.push({ path, before: fileBefore, after: fileAfter });
    }
  };
  walk(before, after, '');
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
