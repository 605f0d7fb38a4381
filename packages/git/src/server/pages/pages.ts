import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Repository } from '../../repository/repository.ts';
import { HttpRefusal } from '../request-body.ts';
import type { RepositorySet } from '../repository-set.ts';
import { commitPage } from './commit-page.ts';
import { address, commitNamed, findPlace, home } from './context.ts';
import type { Place } from './context.ts';
import { filePage } from './file-page.ts';
import { historyPage } from './history-page.ts';
import { html } from './html.ts';
import { pageNumber } from './pager.ts';
import { repositoriesPage } from './repositories-page.ts';
import { contentSecurityPolicy, renderPage } from './shell.ts';
import type { Page } from './shell.ts';
import { textOf } from './text.ts';
import { emptyPage, treePage } from './tree-page.ts';

export interface PageRequest {
  readonly repositories: RepositorySet;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly publicUrl: string | undefined;
}

type Answer =
  | { readonly type: 'page'; readonly page: Page }
  | { readonly type: 'redirect'; readonly to: string }
  | { readonly type: 'raw'; readonly data: Buffer };

/** What people look at in a browser, at the addresses that Gitea uses. Needs no script. */
export async function answerPage(asked: PageRequest): Promise<void> {
  let answer: Answer;
  try {
    answer = await find(asked);
  } catch (error) {
    if (!(error instanceof HttpRefusal) || error.status !== 404) throw error;
    answer = { type: 'page', page: notFound(error.message) };
  }
  send(asked, answer);
}

async function find(asked: PageRequest): Promise<Answer> {
  const [owner, named, view, ...rest] = segmentsOf(asked.url.pathname);
  if (named === undefined) {
    const all = (await asked.repositories.list()).filter((each) => owner === undefined || each.owner === owner);
    if (owner !== undefined && all.length === 0) throw new HttpRefusal(404, `there is no owner ${JSON.stringify(owner)}`);
    const open = all.flatMap((each) => {
      const repository = asked.repositories.get(each.owner, each.name);
      return repository ? [{ ...each, repository }] : [];
    });
    return { type: 'page', page: repositoriesPage(open, owner) };
  }
  const name = named.replace(/\.git$/, '');
  const repository = asked.repositories.get(owner!, name);
  if (!repository) throw new HttpRefusal(404, `there is no repository ${JSON.stringify(`${owner}/${name}`)}`);
  return inRepository(asked, owner!, name, repository, view, rest);
}

function inRepository(asked: PageRequest, owner: string, name: string, repository: Repository, view: string | undefined, rest: readonly string[]): Answer {
  const page = pageNumber(asked.url);
  switch (view) {
    case undefined: {
      const branch = repository.defaultBranch();
      if (repository.headCommit() === undefined) return { type: 'page', page: emptyPage(owner, name, branch, cloneUrl(asked, owner, name)) };
      const place = findPlace(owner, name, repository, branch === undefined ? `commit/${repository.headCommit()}` : `branch/${branch}`);
      return { type: 'page', page: treePage(place, place.commit.tree, cloneUrl(asked, owner, name), page) };
    }
    case 'src':
    case 'raw': {
      const place = findPlace(owner, name, repository, rest.join('/'));
      const entry = repository.entryAt(place.commit.tree, place.path);
      if (!entry || entry.mode === '160000') throw new HttpRefusal(404, `there is no ${JSON.stringify(place.path)} in ${place.label}`);
      if (entry.mode === '40000') return view === 'raw' ? { type: 'redirect', to: address(place, 'src', place.path) } : { type: 'page', page: treePage(place, entry.id, rootUrl(asked, place), page) };
      const data = repository.objects.readAs('blob', entry.id);
      return view === 'raw' ? { type: 'raw', data } : { type: 'page', page: filePage(place, data, entry.mode) };
    }
    case 'commits':
      return { type: 'page', page: historyPage(findPlace(owner, name, repository, rest.join('/')), page) };
    case 'commit': {
      const id = commitNamed(repository, rest[0] ?? '');
      if (rest[0] !== id) return { type: 'redirect', to: `/${owner}/${name}/commit/${id}` };
      return { type: 'page', page: commitPage(owner, name, repository, id) };
    }
    default:
      throw new HttpRefusal(404, `there is no page ${JSON.stringify(view)} of a repository`);
  }
}

function rootUrl(asked: PageRequest, place: Place): string | undefined {
  return place.path === '' ? cloneUrl(asked, place.owner, place.name) : undefined;
}

function cloneUrl(asked: PageRequest, owner: string, name: string): string {
  const secure = 'encrypted' in asked.request.socket;
  const host = /^[A-Za-z0-9.:[\]_-]{1,255}$/.exec(asked.request.headers.host ?? '')?.[0] ?? 'localhost';
  return `${asked.publicUrl ?? `${secure ? 'https' : 'http'}://${host}`}${home({ owner, name })}`;
}

function segmentsOf(path: string): string[] {
  try {
    return path.split('/').filter((segment) => segment !== '').map(decodeURIComponent);
  } catch {
    throw new HttpRefusal(404, 'the address is not well formed');
  }
}

function notFound(message: string): Page {
  return {
    status: 404,
    title: 'Not found',
    trail: [{ text: 'Not found' }],
    body: html`<h1>Not found</h1><p>${message[0]!.toUpperCase()}${message.slice(1)}.</p><p><a href="/">All repositories</a></p>`,
  };
}

function send(asked: PageRequest, answer: Answer): void {
  const { request, response } = asked;
  const common = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin', 'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin' };
  if (answer.type === 'redirect') {
    response.writeHead(302, { ...common, location: answer.to }).end();
    return;
  }
  const body = answer.type === 'raw' ? answer.data : Buffer.from(renderPage(answer.page), 'utf8');
  const etag = `"${hash('sha1', body, 'hex')}"`;
  const headers = {
    ...common,
    etag,
    // Ask each time, but mostly hear "not modified".
    'cache-control': 'no-cache',
    vary: 'Authorization',
    ...(answer.type === 'raw'
      ? { 'content-type': textOf(answer.data) === undefined ? 'application/octet-stream' : 'text/plain; charset=utf-8', 'content-security-policy': "default-src 'none'; sandbox" }
      : { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': contentSecurityPolicy }),
  };
  const status = answer.type === 'page' ? (answer.page.status ?? 200) : 200;
  if (status === 200 && (request.headers['if-none-match'] ?? '').split(/\s*,\s*/).includes(etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(status, { ...headers, 'content-length': String(body.length) });
  response.end(request.method === 'HEAD' ? undefined : body);
}
