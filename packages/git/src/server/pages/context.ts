import { GitFormatError } from '../../errors.ts';
import type { Commit } from '../../objects/commit.ts';
import { isObjectId } from '../../objects/object.ts';
import type { ObjectId } from '../../objects/object.ts';
import type { Repository } from '../../repository/repository.ts';
import { HttpRefusal } from '../request-body.ts';
import { encodePath } from './html.ts';

/** Where in which repository a page is about. */
export interface Place {
  readonly owner: string;
  readonly name: string;
  readonly repository: Repository;
  /** `branch/main`, `commit/<sha>`, `tag/v1`: as it stands in addresses. */
  readonly revision: string;
  /** What people call the revision. */
  readonly label: string;
  readonly commitId: ObjectId;
  readonly commit: Commit;
  /** `''` for the root. */
  readonly path: string;
}

/**
 * Finds the revision at the beginning of `rest` (`branch/a/b/dir/file`): a branch's or tag's name may hold slashes, and since
 * no branch's name can continue another's, the first that exists is the one.
 */
export function findPlace(owner: string, name: string, repository: Repository, rest: string): Place {
  const [kind, ...segments] = rest.split('/').filter((segment) => segment !== '');
  if (kind === 'commit') {
    const id = commitNamed(repository, segments[0] ?? '');
    return { owner, name, repository, revision: `commit/${id}`, label: id.slice(0, 10), ...commitOf(repository, id), path: segments.slice(1).join('/') };
  }
  if (kind === 'branch' || kind === 'tag') {
    for (let length = 1; length <= segments.length; length++) {
      const short = segments.slice(0, length).join('/');
      const id = repository.refs.read(`refs/${kind === 'branch' ? 'heads' : 'tags'}/${short}`);
      if (id) return { owner, name, repository, revision: `${kind}/${short}`, label: short, ...commitOf(repository, id), path: segments.slice(length).join('/') };
    }
    throw new HttpRefusal(404, `there is no ${kind} ${JSON.stringify(segments.join('/'))} in this repository`);
  }
  throw new HttpRefusal(404, 'expected branch/, tag/ or commit/ in the address');
}

/** A commit by its id or the beginning of it. */
export function commitNamed(repository: Repository, text: string): ObjectId {
  const id = isObjectId(text) ? text : repository.objects.startingWith(text.toLowerCase()).length === 1 ? repository.objects.startingWith(text.toLowerCase())[0]! : undefined;
  if (id === undefined || repository.objects.read(id)?.type !== 'commit') throw new HttpRefusal(404, `there is no commit ${JSON.stringify(text)} in this repository`);
  return id;
}

export function home(place: Pick<Place, 'owner' | 'name'>): string {
  return `/${place.owner}/${place.name}`;
}

/** The address of a path at a place's revision: `src`, `raw` or `commits`. */
export function address(place: Place, view: 'src' | 'raw' | 'commits', path: string): string {
  return `${home(place)}/${view}/${encodePath(place.revision)}${path === '' ? '' : `/${encodePath(path)}`}`;
}

/** Repository, then the folders down to the path. */
export function trail(place: Place, view: 'src' | 'commits' = 'src'): { readonly text: string; readonly href?: string }[] {
  const segments = place.path === '' ? [] : place.path.split('/');
  const steps = [
    { text: `${place.owner}/${place.name}`, href: home(place) },
    { text: place.label, href: address(place, view, '') },
    ...segments.map((text, at) => ({ text, href: address(place, view, segments.slice(0, at + 1).join('/')) })),
  ];
  const last = steps.pop()!;
  return [...steps, { text: last.text }];
}

function commitOf(repository: Repository, id: ObjectId): { readonly commitId: ObjectId; readonly commit: Commit } {
  try {
    const commitId = repository.peel(id);
    return { commitId, commit: repository.objects.readCommit(commitId) };
  } catch (error) {
    if (error instanceof GitFormatError) throw new HttpRefusal(404, 'this name does not lead to a commit');
    throw error;
  }
}
