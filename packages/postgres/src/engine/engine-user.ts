import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PostgresError } from '../errors.ts';

/** The unprivileged user that PostgreSQL runs as when Plinth is root: PostgreSQL refuses to run as root. */
export interface EngineUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** In this order: the user that packages of PostgreSQL make, then the one that every Unix has. */
const candidates = ['postgres', 'nobody'];

/**
 * The user for the server processes, or undefined when Plinth itself is an ordinary user.
 *
 * Errors: `NoEngineUser` when Plinth is root and the password file knows none of the candidates (initdb looks its user
 * up there, so a bare number would not do).
 */
export function findEngineUser(uid = process.getuid?.(), passwd = readPasswd): EngineUser | undefined {
  if (uid !== 0) return undefined;
  const users = parsePasswd(passwd());
  for (const name of candidates) {
    const user = users.find((entry) => entry.name === name);
    if (user && user.uid !== 0) return user;
  }
  throw new PostgresError(
    'NoEngineUser',
    `PostgreSQL refuses to run as root and /etc/passwd has none of the users ${candidates.join(', ')}`,
    'Run Plinth as an ordinary user, or add a user named postgres (useradd --system postgres)',
  );
}

/** Lines of `/etc/passwd`; anything else in the file is passed over. */
export function parsePasswd(text: string): readonly EngineUser[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && /^\d+$/.test(uid ?? '') && /^\d+$/.test(gid ?? '') ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/** Whether the user can read (and, for folders and programs, enter or run) this path, judged by the mode bits on the way. */
export function isReachable(path: string, user: EngineUser | undefined): boolean {
  if (!user) return true;
  for (let at = path; ; at = dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false });
    if (!stat) return false;
    const shift = stat.uid === user.uid ? 6 : stat.gid === user.gid ? 3 : 0;
    const needed = at === path ? (stat.isDirectory() || stat.mode & 0o100 ? 0o5 : 0o4) : 0o1;
    if (((stat.mode >> shift) & needed) !== needed) return false;
    if (at === dirname(at)) return true;
  }
}

const readPasswd = (): string => readFileSync('/etc/passwd', 'utf8');
