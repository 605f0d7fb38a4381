import type { GitRepository } from '@plinth/api';

export type GitReference = NonNullable<NonNullable<GitRepository['spec']>['ref']>;

export interface ChosenRevision {
  readonly commit: string;
  /** The reference it was found at; undefined for a commit that was named. */
  readonly ref?: string;
  /** `main@sha1:<commit>`. */
  readonly revision: string;
}

/**
 * Which commit a GitRepository means, among the references of the remote. Of the fields of `ref` the later one wins:
 * branch, tag, semver, name, commit. Undefined when the remote has no such thing.
 */
export function chooseRevision(reference: GitReference | undefined, refs: ReadonlyMap<string, string>): ChosenRevision | undefined {
  const { branch, tag, semver, name, commit } = reference ?? {};
  if (commit) return { commit, revision: branch ? `${branch}@sha1:${commit}` : `sha1:${commit}`, ...(branch ? { ref: `refs/heads/${branch}` } : {}) };
  if (name) return at(refs, name, name);
  if (semver) {
    const newest = newestTag(semver, refs);
    return newest === undefined ? undefined : at(refs, `refs/tags/${newest}`, newest);
  }
  if (tag) return at(refs, `refs/tags/${tag}`, tag);
  return at(refs, `refs/heads/${branch ?? 'master'}`, branch ?? 'master');
}

/** The reference as an error names it. */
export function describeReference(reference: GitReference | undefined): string {
  const { branch, tag, semver, name, commit } = reference ?? {};
  if (commit) return `commit ${commit}`;
  if (name) return `reference ${name}`;
  if (semver) return `a tag in ${semver}`;
  if (tag) return `tag ${tag}`;
  return `branch ${branch ?? 'master'}`;
}

function at(refs: ReadonlyMap<string, string>, ref: string, label: string): ChosenRevision | undefined {
  const commit = refs.get(ref);
  return commit === undefined ? undefined : { commit, ref, revision: `${label}@sha1:${commit}` };
}

type Version = readonly [number, number, number];

function newestTag(range: string, refs: ReadonlyMap<string, string>): string | undefined {
  let best: { readonly tag: string; readonly version: Version } | undefined;
  for (const ref of refs.keys()) {
    const tag = ref.startsWith('refs/tags/') ? ref.slice('refs/tags/'.length) : '';
    const version = parseVersion(tag);
    if (version && inRange(version, range) && (!best || compareVersions(version, best.version) > 0)) best = { tag, version };
  }
  return best?.tag;
}

/** Pre-releases are left out, as a range without one asks. */
function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:\+[0-9A-Za-z.-]+)?$/.exec(text);
  return match ? [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)] : undefined;
}

const compareVersions = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/** `1.2.x`, `~1.2`, `^1.2`, `>=1 <2`, joined by spaces, commas (and) or `||` (or). */
function inRange(version: Version, range: string): boolean {
  return range.split('||').some((all) =>
    all
      .trim()
      .replace(/([<>=~^]+)\s+/g, '$1')
      .split(/[\s,]+/)
      .every((term) => fits(version, term)),
  );
}

function fits(version: Version, term: string): boolean {
  const match = /^(>=|<=|>|<|=|~|\^)?v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?$/.exec(term);
  if (!match) return false;
  const parts = [match[2], match[3], match[4]].map((part) => (part === undefined || /[xX*]/.test(part) ? undefined : Number(part)));
  const [major, minor, patch] = parts;
  const low: Version = [major ?? 0, minor ?? 0, patch ?? 0];
  const after = (kept: number): Version => (kept === 0 ? [Infinity, 0, 0] : kept === 1 ? [low[0] + 1, 0, 0] : kept === 2 ? [low[0], low[1] + 1, 0] : [low[0], low[1], low[2] + 1]);
  const given = major === undefined ? 0 : minor === undefined ? 1 : patch === undefined ? 2 : 3;
  const order = compareVersions(version, low);
  switch (match[1]) {
    case '>=':
      return order >= 0;
    case '>':
      return compareVersions(version, after(given)) >= 0;
    case '<':
      return order < 0;
    case '<=':
      return compareVersions(version, after(given)) < 0;
    case '~':
      return order >= 0 && compareVersions(version, after(Math.min(given, 2))) < 0;
    case '^': {
      const kept = low[0] > 0 || given === 1 ? 1 : low[1] > 0 || given === 2 ? 2 : 3;
      return order >= 0 && compareVersions(version, after(kept)) < 0;
    }
    default:
      return order >= 0 && compareVersions(version, after(given)) < 0;
  }
}
