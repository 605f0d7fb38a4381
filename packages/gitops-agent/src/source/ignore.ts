/** Flux leaves these out of every artifact. Only those that could be manifests matter here. */
export const DEFAULT_IGNORE = [
  '.git/', '.github/', '.circleci/', '.travis.yml', '.gitlab-ci.yml', 'appveyor.yml', '.drone.yml', 'cloudbuild.yaml',
  'codeship-services.yml', 'codeship-steps.yml', '**/.goreleaser.yml', '**/.sops.yaml', '**/.flux.yaml',
].join('\n');

/** Says whether a path (without a leading slash) is left out. Ask for folders first: what is in one goes with it. */
export type Ignore = (path: string, isFolder: boolean) => boolean;

/**
 * Reads ignore rules in the notation of .gitignore; the last rule that fits decides.
 * https://git-scm.com/docs/gitignore#_pattern_format
 */
export function parseIgnore(text: string): Ignore {
  const rules = text
    .split('\n')
    .map((line) => line.replace(/\r$/, '').replace(/(?<!\\)\s+$/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'))
    .slice(0, 1000)
    .map(parseRule);
  // Most rules are plain names, and the last one that fits only matters where one takes another back.
  const isOneWay = !rules.some(({ negated }) => negated);
  const names = new Set(rules.flatMap(({ name }) => name ?? []));
  const patterns = rules.filter(({ name }) => name === undefined);
  return (path, isFolder) => {
    let ignored = false;
    if (isOneWay && !names.has(path.slice(path.lastIndexOf('/') + 1))) return patterns.some((rule) => (isFolder || !rule.onlyFolders) && rule.matches(path));
    for (const rule of rules) if ((isFolder || !rule.onlyFolders) && rule.matches(path)) ignored = !rule.negated;
    return ignored;
  };
}

interface Rule {
  readonly negated: boolean;
  readonly onlyFolders: boolean;
  /** The rule is about everything of this name and nothing else. */
  readonly name: string | undefined;
  readonly matches: (path: string) => boolean;
}

function parseRule(line: string): Rule {
  const negated = line.startsWith('!');
  const body = (negated ? line.slice(1) : line).replace(/^\\([!#])/, '$1');
  const onlyFolders = body.endsWith('/');
  const pattern = onlyFolders ? body.slice(0, -1) : body;
  // `**/name` says the same as `name`, which is cheaper.
  const floating = pattern.replace(/^\*\*\/(?=[^/*]+$)/, '');
  const anchored = floating.includes('/');
  const parts = floating.replace(/^\//, '').split('/');
  return {
    negated,
    onlyFolders,
    name: anchored || /[*?[\\]/.test(floating) ? undefined : floating,
    matches: (path) => (anchored ? matchParts(parts, path.split('/')) : matchName(parts[0] ?? '', path.slice(path.lastIndexOf('/') + 1))),
  };
}

/** `**` stands for any number of folders. Linear in the product of both lengths. */
function matchParts(pattern: readonly string[], path: readonly string[]): boolean {
  let reach = new Set([0]);
  for (const [index, part] of pattern.entries()) {
    const next = new Set<number>();
    for (const at of reach) {
      if (part === '**') {
        // At the end it means everything inside, not the folder itself.
        const from = index === pattern.length - 1 ? at + 1 : at;
        for (let to = from; to <= path.length; to += 1) next.add(to);
      } else if (at < path.length && matchName(part, path[at] ?? '')) next.add(at + 1);
    }
    reach = next;
  }
  return reach.has(path.length);
}

/** `*`, `?` and `[...]` within one name, without back-tracking over more than the last star. */
function matchName(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let mark = 0;
  while (n < name.length) {
    const unit = unitAt(pattern, p);
    if (pattern[p] === '*') {
      star = p;
      mark = n;
      p += 1;
    } else if (unit && unit.fits(name[n] ?? '')) {
      p = unit.end;
      n += 1;
    } else if (star >= 0) {
      p = star + 1;
      mark += 1;
      n = mark;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

function unitAt(pattern: string, at: number): { readonly end: number; readonly fits: (char: string) => boolean } | undefined {
  const char = pattern[at];
  if (char === undefined) return undefined;
  if (char === '?') return { end: at + 1, fits: () => true };
  if (char === '\\') return { end: at + 2, fits: (c) => c === pattern[at + 1] };
  const close = char === '[' ? pattern.indexOf(']', at + 2) : -1;
  if (close < 0) return { end: at + 1, fits: (c) => c === char };
  const negated = pattern[at + 1] === '!' || pattern[at + 1] === '^';
  const set = pattern.slice(at + (negated ? 2 : 1), close);
  return { end: close + 1, fits: (c) => inSet(set, c) !== negated };
}

function inSet(set: string, char: string): boolean {
  for (let i = 0; i < set.length; i += 1) {
    if (set[i + 1] === '-' && i + 2 < set.length) {
      if (char >= (set[i] ?? '') && char <= (set[i + 2] ?? '')) return true;
      i += 2;
    } else if (set[i] === char) return true;
  }
  return false;
}
